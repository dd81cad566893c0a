import { type Answer, type Command, wireError } from '../protocol.ts';
import { type LoadedModel, loadModel } from './loaded-model.ts';

/**
 * The process of one model version. It lives as long as its channel to the daemon, does one thing at a
 * time, and leaves every decision about its end to the daemon: on Ctrl-C a terminal signals the whole
 * group, and what is in flight must still be answered.
 */
const memoryReportMs = 10_000;

let model: LoadedModel | undefined;
let last: Promise<void> = Promise.resolve();

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit());
process.on('message', (command: Command) => {
  last = last.then(() => obey(command));
});
setInterval(() => send({ kind: 'memory', rss: process.memoryUsage.rss() }), memoryReportMs).unref();

async function obey(command: Command): Promise<void> {
  if (command.kind === 'load') return load(command);
  if (command.kind === 'stop') process.exit();
  const { id } = command;
  try {
    if (!model) throw new Error('A job came before its model was loaded');
    if (command.kind === 'run') send({ kind: 'ran', id, ...(await model.run(command.inputs)) });
    else if (command.kind === 'thumbnails')
      send({ kind: 'thumbnails', id, thumbnails: await model.thumbnails(command.images) });
    else send({ kind: 'annotated', id, jpeg: await model.annotate(command.image, command.marks) });
  } catch (error) {
    send({ kind: 'refused', id, error: wireError(error, 'MODEL_RUN_FAILED') });
  }
}

async function load(command: Command & { kind: 'load' }): Promise<void> {
  try {
    model = await loadModel(command);
    process.title = `edgeward ${model.manifest.name} ${model.manifest.version}`;
    send({ kind: 'memory', rss: process.memoryUsage.rss() });
    send({ kind: 'ready', manifest: model.manifest, digest: model.digest });
  } catch (error) {
    send({ kind: 'failed', error: wireError(error, 'MODEL_LOAD_FAILED') });
  }
}

/** A daemon that is gone takes no answers; `disconnect` is about to end this process. */
function send(answer: Answer): void {
  if (process.connected) process.send?.(answer, undefined, undefined, () => {});
}
