import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FlowJob, FlowReport, FromFlow, ToFlow } from './flow/messages.ts';

const script = fileURLToPath(new URL('./flow/process.ts', import.meta.url));
/** A fault that is not over by then is not recovered from. */
const patienceMs = 30_000;

/** Frames that flow through a gateway at a steady rate while something breaks. */
export class Flow {
  readonly #child: ChildProcess;
  #marks = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(job: FlowJob): Promise<Flow> {
    const child = fork(script, {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const flow = new Flow(child);
    child.send(job);
    await flow.#told((message) => message.tell === 'ready');
    return flow;
  }

  /**
   * Ms until the gateway has recovered from what happens now: a frame from now on has its result and, with `all`,
   * so have those that were on their way. `null`: it has not.
   */
  async recovered({ all = true } = {}): Promise<number | null> {
    const id = this.#marks++;
    this.#ask({ ask: 'mark', id, all, patienceMs });
    const message = await this.#told((told) => told.tell === 'recovered' && told.id === id);
    return message.tell === 'recovered' ? message.ms : null;
  }

  /** Sends no more, waits for what is on its way, and tells what became of every frame. */
  async finish(): Promise<FlowReport> {
    this.#ask({ ask: 'finish' });
    const message = await this.#told((told) => told.tell === 'report');
    await this.stop('SIGTERM');
    if (message.tell !== 'report') throw new Error('Expected a report of the flow');
    return message.report;
  }

  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }

  #ask(message: ToFlow): void {
    this.#child.send(message);
  }

  #told(isIt: (message: FromFlow) => boolean): Promise<FromFlow> {
    return new Promise((resolve, reject) => {
      const ended = () => reject(new Error('Expected a flow of frames but its process has ended'));
      const listen = (message: FromFlow) => {
        if (!isIt(message)) return;
        this.#child.off('message', listen).off('exit', ended);
        resolve(message);
      };
      this.#child.on('message', listen).once('exit', ended);
    });
  }
}
