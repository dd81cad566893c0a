import type { Box } from '../../image.ts';
import type { Mark } from '../../models/model.ts';
import type { JsonObject } from '../contract.ts';
import { rounded } from '../rounded.ts';
import type { Finding } from './judge.ts';
import type { Tally, Verdict } from './line.ts';

/** Regions that a message tells at most, hottest first; their number is told always. */
const mostRegions = 20;

export function resultOf(verdict: Verdict, finding: Finding, crop: Box): JsonObject {
  const { score, regions, label } = finding;
  return {
    verdict,
    score: rounded(score),
    ...(label === undefined ? {} : { label }),
    defects: regions.length,
    area: rounded(regions.reduce((sum, { area }) => sum + area, 0)),
    regions: regionsJson(finding, crop),
  };
}

/** Boxes of the whole picture, areas of the part. */
function regionsJson({ regions }: Finding, crop: Box): JsonObject[] {
  return regions.slice(0, mostRegions).map(({ box, area, score, label }) => {
    const { x, y, width, height } = inPicture(box, crop);
    return {
      ...(label === undefined ? {} : { label }),
      box: { x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height) },
      area: rounded(area),
      score: rounded(score),
    };
  });
}

export function stateOf(now: {
  readonly verdict: Verdict;
  readonly finding: Finding;
  readonly tally: Tally;
  readonly lastNg: JsonObject | null;
  readonly rateAlarm: boolean;
  readonly overloaded: boolean;
}): JsonObject {
  const { verdict, finding, tally, lastNg, rateAlarm, overloaded } = now;
  const { parts, ok, ng, unsure, rate, limit } = tally;
  return {
    verdict,
    score: rounded(finding.score),
    parts,
    ok,
    ng,
    unsure,
    yield: rounded(tally.yield),
    rate: rounded(rate),
    limit: limit === null ? null : rounded(limit),
    rateAlarm,
    overloaded,
    lastNg,
  };
}

interface Alarms {
  readonly rateAlarm: boolean;
  readonly overloaded: boolean;
}

export function eventsOf(what: {
  readonly verdict: Verdict;
  readonly finding: Finding;
  readonly tally: Tally;
  readonly before: Alarms;
  readonly now: Alarms;
  /** ms */
  readonly lag: number;
  readonly crop: Box;
}): ({ type: string } & JsonObject)[] {
  const { verdict, finding, tally, before, now, lag, crop } = what;
  const events: ({ type: string } & JsonObject)[] = [];
  if (verdict === 'ng') {
    events.push({ type: 'ng', score: rounded(finding.score), regions: regionsJson(finding, crop) });
  }
  if (now.rateAlarm && !before.rateAlarm) {
    events.push({ type: 'rate_alarm', rate: rounded(tally.rate), limit: rounded(tally.limit ?? 1) });
  }
  if (now.overloaded && !before.overloaded) events.push({ type: 'overloaded', lagMs: lag });
  return events;
}

/** The verdict, the heat of the part and its regions. */
export function marksOf(verdict: Verdict, { score, heatmap, regions }: Finding, crop: Box): Mark[] {
  const tone: Mark['tone'] = verdict === 'ok' ? 'ok' : verdict === 'ng' ? 'alarm' : 'warn';
  const heat = heatmap && {
    width: heatmap.width,
    height: heatmap.height,
    data: Uint8Array.from(heatmap.data, (value) => Math.round(value * 255)),
  };
  return [
    ...(heat ? [{ label: '', tone, box: crop, heat } as const] : []),
    ...regions.slice(0, mostRegions).map((region) => ({
      box: inPicture(region.box, crop),
      label: region.label ?? '',
      tone,
    })),
    { label: `${verdict.toUpperCase()} ${score.toFixed(2)}`, tone },
  ];
}

function inPicture(box: Box, crop: Box): Box {
  return {
    x: crop.x + box.x * crop.width,
    y: crop.y + box.y * crop.height,
    width: box.width * crop.width,
    height: box.height * crop.height,
  };
}
