import { Command, InvalidArgumentError, Option } from 'commander';
import { GatewayError } from '../errors.ts';
import { addBrokerOptions, type BrokerOptions, connectBroker } from './broker.ts';
import { interruptSignal } from './interrupt.ts';
import { count } from './numbers.ts';
import type { ReplaySummary } from './replay-run.ts';

interface Options extends BrokerOptions {
  readonly topic: string;
  readonly rate: number;
  /** True: for ever. */
  readonly loop?: number | true;
  readonly qos: 0 | 1;
  readonly envelope?: boolean;
  readonly json?: boolean;
}

export function replayCommand(): Command {
  const command = new Command('replay')
    .description('send pictures to a broker as if a camera sent them')
    .argument('<path...>', 'folders, files, or - for standard input')
    .requiredOption('-t, --topic <topic>', 'where to; {source} stands for the folder that a file lies in')
    .option('-r, --rate <n>', 'frames a second, or max', rateOf, 10)
    .option('-l, --loop [n]', 'send everything n times; without n, until interrupted', count)
    .addOption(
      new Option('-q, --qos <n>', 'MQTT quality of service').choices(['0', '1']).argParser(qosOf).default(1),
    )
    .option('-e, --envelope', 'send JSON { id, capturedAt, contentType, data: base64 }')
    .option('--json', 'print the summary as one line of JSON');
  return addBrokerOptions(command)
    .addHelpText(
      'after',
      `
Of a folder the JPEG, PNG and WebP files are sent, those of its folders included, in natural order (2.jpg
before 10.jpg); a file that is named is sent whatever it is. Standard input is a motion JPEG stream, or one
envelope a line.

The file's name is the frame's id. With MQTT 5 it travels as user property frame-id, beside captured-at and
the content type; with 3.1.1 only an envelope can carry it. With QoS 1 a gateway that judges every frame
acknowledges it after its verdict, so that the times in the summary are those of the verdicts.

Examples:
  edgeward replay examples/digits --topic cameras/desk/frame --rate 20 --loop
  edgeward replay recordings --topic 'cameras/{source}/frame' --rate max --json
  ffmpeg -i door.mp4 -f image2pipe -c:v mjpeg - | edgeward replay - --topic cameras/door/frame --rate 25`,
    )
    .action(run);
}

async function run(paths: readonly string[], options: Options): Promise<void> {
  const [{ replay }, { fileFrames, listFrames, streamFrames }] = await Promise.all([
    import('./replay-run.ts'),
    import('./replay-frames.ts'),
  ]);
  const { topic, rate, qos, loop = 1, envelope = false, json = false } = options;
  const rounds = loop === true ? Number.POSITIVE_INFINITY : loop;
  const piped = paths.includes('-');
  if (piped && (paths.length > 1 || rounds > 1)) {
    throw new GatewayError('REQUEST_INVALID', 'Expected neither --loop nor another path beside -');
  }
  const files = piped ? [] : await listFrames(paths);
  const { client, protocol } = await connectBroker(options);
  const progress = await showProgress(files.length * rounds, !json);
  try {
    const summary = await replay(piped ? streamFrames(process.stdin) : fileFrames(files, rounds), {
      client,
      protocol,
      topic,
      qos,
      rate,
      envelope,
      onSent: progress.update,
      signal: interruptSignal(),
    });
    progress.stop();
    process.stdout.write(`${json ? JSON.stringify(summary) : describe(summary)}\n`);
  } finally {
    progress.stop();
    await client.close();
    // An interrupted replay must not wait for more input.
    if (piped) process.stdin.destroy();
  }
}

/** A bar on a terminal, and nothing elsewhere. */
async function showProgress(
  total: number,
  wanted: boolean,
): Promise<{ update: (summary: ReplaySummary) => void; stop: () => void }> {
  if (!wanted || !process.stderr.isTTY) return { update() {}, stop() {} };
  const { default: progress } = await import('cli-progress');
  const known = Number.isFinite(total) && total > 0;
  const bar = new progress.SingleBar({
    format: known
      ? '{bar} {percentage} % | {value} of {total} frames | {rate} frames/s'
      : '{value} frames | {rate} frames/s',
    hideCursor: true,
    clearOnComplete: true,
    fps: 10,
  });
  bar.start(known ? total : 0, 0, { rate: 0 });
  return {
    update: ({ frames, rate }) => bar.update(frames, { rate: Math.round(rate) }),
    stop: () => bar.stop(),
  };
}

function describe({ frames, bytes, seconds, rate, acknowledged }: ReplaySummary): string {
  const size = bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
  const count = `${frames} ${frames === 1 ? 'frame' : 'frames'}`;
  const sent = `${count}, ${size} in ${seconds.toFixed(1)} s: ${rate} frames/s`;
  if (!acknowledged) return sent;
  const { frames: taken, medianMs, p99Ms } = acknowledged;
  return `${sent}; ${taken} acknowledged, median ${medianMs} ms, p99 ${p99Ms} ms`;
}

function rateOf(text: string): number {
  if (text === 'max') return Number.POSITIVE_INFINITY;
  const rate = Number(text);
  if (!(rate > 0 && Number.isFinite(rate)))
    throw new InvalidArgumentError('Expected a number above 0, or max.');
  return rate;
}

function qosOf(text: string): number {
  if (text !== '0' && text !== '1') throw new InvalidArgumentError('Expected 0 or 1.');
  return Number(text);
}
