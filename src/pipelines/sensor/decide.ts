import type { Decision, Json, JsonObject } from '../contract.ts';
import { rounded } from '../rounded.ts';
import { nearThreshold } from '../sample-hint.ts';
import type { ChannelMonitor } from './channel-monitor.ts';
import { isCritical } from './limit-alarm.ts';
import type { Judged } from './net-monitor.ts';
import type { SensorOptions } from './options.ts';
import type { Outcome } from './source-monitor.ts';

type Alarm = 'none' | 'warning' | 'critical';
type Event = { readonly type: string } & JsonObject;

/** Says what a source's readings mean, and what of it is new since the message before. */
export class Reporter {
  readonly #options: SensorOptions;
  #alarm: Alarm = 'none';
  #reasons = '';
  /** By channel, why it is off. */
  readonly #off = new Map<string, string>();
  #drifted: readonly string[] = [];
  #last: Judged | undefined;

  constructor(options: SensorOptions) {
    this.#options = options;
  }

  decide({ channels, windows, anomaly, netError, late, drifted }: Outcome): Decision {
    this.#last = windows.findLast(({ verdict }) => verdict) ?? this.#last;
    const latest = windows.at(-1);
    const reasons = reasonsOf(channels, anomaly === true);
    const alarm = alarmOf(channels, anomaly === true);
    const suppressed = [...channels].filter(([, { off }]) => off).map(([name]) => name);
    const score = latest?.verdict?.score ?? null;
    const known = this.#last?.verdict;
    const explanation = anomaly && known ? explain(known) : {};
    const described = Object.fromEntries(
      [...channels].map(([name, channel]) => [name, this.#describe(name, channel)]),
    );
    const demonstration = this.#options.demonstration ? { demonstration: true } : {};
    const shared = {
      alarm,
      reasons,
      suppressed,
      channels: described,
      ...(drifted.length > 0 ? { drifted } : {}),
      ...demonstration,
    };
    const net = netError ?? latest?.skipped;
    return {
      result: {
        ...shared,
        ...explanation,
        windows: windows.map(windowText),
        ...(score === null ? {} : { score: rounded(score) }),
        ...(net === undefined ? {} : { noVerdict: net }),
        ...(late > 0 ? { late } : {}),
      },
      state: {
        ...shared,
        score: known ? rounded(known.score) : null,
        ...(known?.label === undefined ? {} : { label: known.label }),
        // Changes with what it depends on, so that nobody takes an old score for a new one.
        scoreValid: net === undefined && known !== undefined,
      },
      ...(score === null ? {} : nearThreshold(score, 0.5, this.#options.sampleNearThreshold)),
      events: [
        ...this.#drifts(drifted),
        ...this.#events(alarm, reasons, channels, { ...explanation, ...demonstration }),
      ],
    };
  }

  #describe(name: string, { value, level, off, dropout }: ChannelMonitor): JsonObject {
    const unit = this.#options.channels[name]?.unit;
    return {
      value: Number.isNaN(value) ? null : Number(value.toPrecision(7)),
      ...(unit ? { unit } : {}),
      signal: off ? 'off' : dropout ? 'dropout' : 'ok',
      ...(dropout ? { why: dropout } : {}),
      level,
    };
  }

  /** Told once: the net should be fitted anew before that becomes an alarm. */
  #drifts(drifted: readonly string[]): Event[] {
    const fresh = drifted.filter((channel) => !this.#drifted.includes(channel));
    this.#drifted = drifted;
    return fresh.map((channel) => ({ type: 'drifted', channel }));
  }

  #events(
    alarm: Alarm,
    reasons: readonly string[],
    channels: ReadonlyMap<string, ChannelMonitor>,
    more: JsonObject,
  ): Event[] {
    const events: Event[] = [];
    for (const [name, { off }] of channels) {
      const before = this.#off.get(name);
      if (off && !before) events.push({ type: 'sensor_off', channel: name, why: off });
      if (!off && before) events.push({ type: 'sensor_on', channel: name });
      if (off) this.#off.set(name, off);
      else this.#off.delete(name);
    }
    const text = reasons.join();
    if (alarm !== this.#alarm || (alarm !== 'none' && text !== this.#reasons)) {
      const type = alarm === 'none' ? 'cleared' : alarm;
      events.push({ type, reasons, before: this.#alarm, ...more });
    }
    this.#alarm = alarm;
    this.#reasons = text;
    return events;
  }
}

/** Machine-readable: `hr critical_low`, `anomaly`. */
function reasonsOf(channels: ReadonlyMap<string, ChannelMonitor>, anomaly: boolean): string[] {
  const limits = [...channels].filter(([, { level }]) => level !== 'normal');
  return [...limits.map(([name, { level }]) => `${name} ${level}`), ...(anomaly ? ['anomaly'] : [])];
}

function alarmOf(channels: ReadonlyMap<string, ChannelMonitor>, anomaly: boolean): Alarm {
  const levels = [...channels.values()].map(({ level }) => level);
  if (levels.some(isCritical)) return 'critical';
  return anomaly || levels.some((level) => level !== 'normal') ? 'warning' : 'none';
}

/** Which channels an alarm of the net comes from. */
function explain({ channels, features, label }: NonNullable<Judged['verdict']>): JsonObject {
  return {
    explanation: {
      ...(label === undefined ? {} : { label }),
      channels: channels.map(({ name, share }) => ({ name, share: rounded(share) })),
      ...(features.length === 0
        ? {}
        : {
            features: features.map(({ name, value, normal, deviation }) => ({
              name,
              value: Number(value.toPrecision(4)),
              normal: Number(normal.toPrecision(4)),
              deviation: Number(deviation.toPrecision(3)),
            })),
          }),
    },
  };
}

function windowText({ end, quality, bridged, verdict, skipped }: Judged): Json {
  return {
    end: new Date(end).toISOString(),
    quality: rounded(quality),
    ...(bridged > 0 ? { bridged } : {}),
    ...(verdict ? { score: rounded(verdict.score) } : {}),
    ...(verdict?.label === undefined ? {} : { label: verdict.label }),
    ...(skipped === undefined ? {} : { skipped }),
  };
}
