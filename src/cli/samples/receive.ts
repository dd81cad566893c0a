import { resolve } from 'node:path';
import { Command } from 'commander';
import { GatewayError } from '../../errors.ts';
import { addBrokerOptions, type BrokerOptions, connectBroker } from '../broker.ts';
import { interruptSignal } from '../interrupt.ts';
import { count } from '../numbers.ts';

interface Options extends BrokerOptions {
  readonly out: string;
  readonly base: string;
  readonly count?: number;
  readonly maxBytes: number;
  readonly maxCount: number;
}

/** Messages that wait for the disk; more are dropped, and told. */
const maxWaiting = 256;

export function receiveCommand(): Command {
  const command = new Command('receive')
    .description('keep what gateways send up, until it is interrupted')
    .requiredOption('-o, --out <folder>', 'a folder a gateway is made in it')
    .option('--base <topic>', 'first level of the topics', 'edgeward')
    .option('-n, --count <n>', 'end after so many messages', count)
    .option('--max-bytes <n>', 'of each gateway; beyond it the oldest goes', count, 2 ** 34)
    .option('--max-count <n>', 'of each gateway; beyond it the oldest goes', count, 100_000);
  return addBrokerOptions(command)
    .addHelpText(
      'after',
      `
What is sent while nobody receives is still in the ring of its gateway, and nowhere else.

Examples:
  edgeward samples receive --broker mqtts://cloud.example --out received
  edgeward samples export --state received/gw --out hard-cases`,
    )
    .action(receive);
}

async function receive({ out, base, count: most, maxBytes, maxCount, ...broker }: Options): Promise<void> {
  const { SampleReceiver } = await import('./receive-samples.ts');
  const receiver = new SampleReceiver({ out: resolve(out), maxBytes, maxCount });
  const { client } = await connectBroker(broker);
  const signal = interruptSignal();
  let left = most ?? Number.POSITIVE_INFINITY;
  const tell = (line: string) => void process.stderr.write(`edgeward: ${line}\n`);
  let waiting = 0;
  let turn = Promise.resolve();
  try {
    await new Promise<void>((done, fail) => {
      signal.addEventListener('abort', () => done(), { once: true });
      client.onClose(() => fail(new GatewayError('BUS_UNAVAILABLE', 'The broker has ended the connection')));
      const take = (message: Parameters<typeof receiver.take>[0]) => {
        if (++waiting > maxWaiting) {
          waiting--;
          tell(`Expected at most ${maxWaiting} samples to wait for the disk`);
          return;
        }
        turn = turn
          .then(() => receiver.take(message))
          .then(
            (line) => void process.stdout.write(`${line}\n`),
            (error: Error) => tell(error.message),
          )
          .then(() => {
            waiting--;
            if (--left <= 0) done();
          });
      };
      client.subscribe(`${base}/+/samples/+`, take, 1).then(() => tell(`receiving into ${out}`), fail);
    });
    await turn;
  } finally {
    await client.close();
    await receiver.close();
  }
}
