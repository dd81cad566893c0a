import { Command } from 'commander';
import type { Message } from '../bus/bus.ts';
import { GatewayError } from '../errors.ts';
import { addBrokerOptions, type BrokerOptions, connectBroker } from './broker.ts';
import { interruptSignal } from './interrupt.ts';
import { count } from './numbers.ts';

interface Options extends BrokerOptions {
  readonly base: string;
  readonly gateway?: string;
  readonly source?: string;
  readonly pipeline?: string;
  readonly count: number;
  readonly json?: boolean;
}

/** How often the line with the rate is written anew, ms. */
const summaryMs = 1_000;

export function watchCommand(): Command {
  const command = new Command('watch')
    .description('show verdicts and errors as they come')
    .option('--base <topic>', 'first level of the topics', 'edgeward')
    .option('-g, --gateway <id>', 'only of this gateway')
    .option('-s, --source <name>', 'only of this source')
    .option('-p, --pipeline <name>', 'only of this pipeline')
    .option('-n, --count <n>', 'end after so many verdicts', count, Number.POSITIVE_INFINITY)
    .option('--json', 'print each verdict as it came, one a line');
  return addBrokerOptions(command)
    .addHelpText(
      'after',
      `
A line shows the time, the source, the pipeline, its verdict and score, the time from the frame's arrival to
the verdict, the model, and the frame's id. Frames that could not be judged stand among them with their error.

Examples:
  edgeward watch
  edgeward watch --source door --pipeline digits
  edgeward watch --json --count 100 | jq -r '.result.class' | sort | uniq -c`,
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const { WatchView } = await import('./watch-view.ts');
  const { base, gateway = '+', source = '+', pipeline = '+', count, json = false } = options;
  const { client } = await connectBroker(options);
  const terminal = process.stdout.isTTY && !json;
  const view = new WatchView({
    colour: terminal && !process.env.NO_COLOR,
    columns: () => process.stdout.columns,
  });
  const ended = endOf(client, interruptSignal());
  const print = (line: string) => process.stdout.write(`${terminal ? '\r\x1b[K' : ''}${line}\n`);
  let seen = 0;
  const onResult = ({ payload }: Message) => {
    if (seen >= count) return;
    if (json) print(payload.toString('utf8').replaceAll('\n', ' '));
    else for (const line of view.result(payload)) print(line);
    if (++seen >= count) ended.resolve();
  };
  const onError = ({ topic, payload }: Message) => {
    if (seen < count) for (const line of view.error(topic, payload)) print(line);
  };
  // A reader that has enough, as `head`, closes its end.
  process.stdout.on('error', ended.resolve);
  const timer = terminal
    ? setInterval(() => process.stdout.write(`\r\x1b[K${view.summary()}`), summaryMs).unref()
    : undefined;
  try {
    await client.subscribe(`${base}/${gateway}/${source}/${pipeline}/result`, onResult);
    if (!json) await client.subscribe(`${base}/${gateway}/${source}/error`, onError);
    await ended.promise;
  } finally {
    clearInterval(timer);
    await client.close();
  }
  if (!json) print(view.summary());
}

/** Resolves when the user has seen enough; rejects when the connection breaks. */
function endOf(client: { onClose(listener: () => void): void }, interrupted: AbortSignal) {
  let resolve = () => {};
  const promise = new Promise<void>((done, fail) => {
    resolve = done;
    interrupted.addEventListener('abort', () => done());
    client.onClose(() => fail(new GatewayError('BUS_UNAVAILABLE', 'The broker has ended the connection')));
  });
  return { promise, resolve };
}
