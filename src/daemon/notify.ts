import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Logger } from '../log.ts';
import type { Service } from '../service.ts';

const run = promisify(execFile);

/** systemd-notify waits for the service manager to have read its message; longer than this nobody waits for it. */
const timeoutMs = 5_000;

export interface NotifierOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Whether the watchdog is to be kept quiet. */
  readonly healthy: () => boolean;
  readonly log: Logger;
}

/**
 * Tells systemd how the daemon is doing, sd_notify(3); silent without it.
 *
 * The protocol is a datagram to a Unix socket, which Node cannot send, so that systemd's own `systemd-notify`
 * sends it: it is there wherever systemd is, knows every form of `$NOTIFY_SOCKET`, and since version 246 stays
 * until the message was read, without which it could not be attributed to the unit. The unit has to say
 * `NotifyAccess=all`.
 */
export class Notifier implements Service {
  readonly #socket: string | undefined;
  readonly #path: string | undefined;
  /** ms between two signs of life; undefined where none are asked for. */
  readonly #interval: number | undefined;
  readonly #healthy: () => boolean;
  readonly #log: Logger;
  #watchdog: NodeJS.Timeout | undefined;
  /** Messages arrive in the order in which they are sent. */
  #queue: Promise<void> = Promise.resolve();
  #pinging = false;
  #wasHealthy = true;
  #failed = false;

  constructor({ env, healthy, log }: NotifierOptions) {
    this.#socket = env.NOTIFY_SOCKET || undefined;
    this.#path = env.PATH;
    this.#interval = watchdogInterval(env);
    this.#healthy = healthy;
    this.#log = log.child({ part: 'systemd' });
  }

  /** Begins the signs of life. They stop while the gateway is not healthy, and systemd starts it anew. */
  async start(): Promise<void> {
    if (this.#socket === undefined || this.#interval === undefined) return;
    this.#watchdog = setInterval(() => this.#ping(), this.#interval).unref();
  }

  /** Resolves when everything is sent. */
  async stop(): Promise<void> {
    clearInterval(this.#watchdog);
    await this.#queue;
  }

  ready(): void {
    this.#send('READY=1', 'STATUS=Running');
  }

  /** `ready` has to follow. */
  reloading(): void {
    // hrtime counts CLOCK_MONOTONIC, as systemd wants it.
    const now = process.hrtime.bigint() / 1000n;
    this.#send('RELOADING=1', `MONOTONIC_USEC=${now}`, 'STATUS=Reading the configuration again');
  }

  stopping(): void {
    this.#send('STOPPING=1', 'STATUS=Finishing the frames in work');
  }

  #ping(): void {
    const healthy = this.#healthy();
    if (!healthy && this.#wasHealthy) this.#log.error('Watchdog of systemd is left waiting');
    this.#wasHealthy = healthy;
    if (!healthy || this.#pinging) return;
    this.#pinging = true;
    void this.#send('WATCHDOG=1').then(() => {
      this.#pinging = false;
    });
  }

  #send(...assignments: string[]): Promise<void> {
    if (this.#socket === undefined) return this.#queue;
    const env = { NOTIFY_SOCKET: this.#socket, PATH: this.#path };
    this.#queue = this.#queue.then(async () => {
      try {
        await run('systemd-notify', assignments, { env, timeout: timeoutMs });
      } catch (err) {
        if (!this.#failed) this.#log.warn({ err, assignments }, 'systemd could not be notified');
        this.#failed = true;
      }
    });
    return this.#queue;
  }
}

/** Half of what systemd allows, sd_watchdog_enabled(3), in ms. */
function watchdogInterval({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv): number | undefined {
  const allowed = Number(WATCHDOG_USEC) / 1000;
  const meant = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === process.pid;
  return meant && allowed > 0 ? allowed / 2 : undefined;
}
