import type { Bus } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import type { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';

interface Window {
  /** `performance.now()` */
  endsAt: number;
  told: number;
  suppressed: number;
}

const windowMs = 60_000;

/**
 * Tells of a source's errors on its error topic and in the log, a few a minute: a broken camera must not
 * flood the bus that its errors are reported on. Every error is counted elsewhere.
 */
export class ErrorReporter {
  readonly #bus: Bus;
  readonly #topics: Topics;
  readonly #log: Logger;
  readonly #perMinute: number;
  /** By source. Sources are bounded where they come to life. */
  readonly #windows = new Map<string, Window>();

  constructor(options: { bus: Bus; topics: Topics; log: Logger; perMinute: number }) {
    this.#bus = options.bus;
    this.#topics = options.topics;
    this.#log = options.log;
    this.#perMinute = options.perMinute;
  }

  report(source: string, error: GatewayError, context: { pipeline?: string; frame?: string } = {}): void {
    const now = performance.now();
    let window = this.#windows.get(source);
    const suppressed = window?.suppressed ?? 0;
    if (!window || now >= window.endsAt) {
      window = { endsAt: now + windowMs, told: 0, suppressed: 0 };
      this.#windows.set(source, window);
    }
    if (window.told >= this.#perMinute) {
      window.suppressed++;
      return;
    }
    const more = window.told === 0 && suppressed > 0 ? { suppressed } : {};
    window.told++;
    this.#log.warn({ source, ...context, ...more, code: error.code, err: error }, 'Frame not judged');
    const body = {
      code: error.code,
      message: error.message,
      ...context,
      at: new Date().toISOString(),
      ...more,
    };
    this.#bus.publish(this.#topics.error(source), JSON.stringify(body)).catch(() => {
      // The error topic is a courtesy: while the broker is away, the log has the error.
    });
  }
}
