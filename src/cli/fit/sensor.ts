import { basename } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { GatewayError } from '../../errors.ts';
import type { FeatureSet, ReadingsInput } from '../../models/manifest.ts';
import type { SensorOptions } from '../../pipelines/sensor/options.ts';
import { positive } from '../numbers.ts';
import { bandsOf, featureSet } from './features.ts';

interface Options {
  readonly normal: readonly string[];
  readonly out: string;
  readonly rate: number;
  readonly window?: number;
  readonly stride?: number;
  readonly eachMessage?: boolean;
  readonly kind: 'autoencoder' | 'forecaster';
  readonly horizon?: number;
  readonly features: string;
  readonly bands?: FeatureSet['bandsHz'];
  readonly channels?: readonly string[];
  readonly config?: string;
  readonly pipeline?: string;
  readonly noise: number;
  readonly falseAlarms: number;
  readonly name?: string;
  readonly modelVersion: string;
  readonly description?: string;
  readonly license?: string;
  readonly json?: boolean;
}

export function fitSensorCommand(): Command {
  return new Command('sensor')
    .description('learn the normal readings of a machine')
    .requiredOption(
      '--normal <files...>',
      'recordings of it while nothing was wrong: .csv, or messages (.jsonl)',
    )
    .requiredOption('-o, --out <file>', 'the bundle to write')
    .requiredOption('--rate <hz>', 'samples a second, as 12000, or 1/300 for one in five minutes', positive)
    .option('--window <s>', 'length of a window in seconds', positive)
    .option('--stride <s>', 'from one window to the next (default: half a window)', positive)
    .option('--each-message', 'each message is one window, as one heartbeat; the first says how long')
    .addOption(
      new Option('--kind <kind>', 'what the net does with a window')
        .choices(['autoencoder', 'forecaster'])
        .default('autoencoder'),
    )
    .option(
      '--horizon <s>',
      'of a forecaster: what it says of the end of the window (default: a tenth)',
      positive,
    )
    .option(
      '--features <set>',
      'level, vibration, raw for the samples themselves, or names between commas',
      'level',
    )
    .option('--bands <hz>', 'spectral bands as 0-500,500-2000', bandsOf)
    .option('--channels <names>', 'of the recording, between commas (default: all)', (text) =>
      text.split(','),
    )
    .option('-c, --config <file>', 'a configuration whose channels say how to read the recordings')
    .option('--pipeline <name>', 'the pipeline of it (default: the only one that uses sensor)')
    .option('--noise <variance>', 'how much of what varies is taken for noise', positive, 1)
    .option('--false-alarms <share>', 'share of normal windows that may be above the threshold', share, 0.01)
    .option('--name <name>', 'name of the bundle (default: that of the file)')
    .option('--model-version <semver>', 'version of the bundle', '1.0.0')
    .option('--description <text>', 'for people')
    .option('--license <id>', 'of the bundle')
    .option('--json', 'print what was learned as one line of JSON')
    .addHelpText(
      'after',
      `
Windows are made by the pipeline itself, so that nothing differs when they are judged. The threshold comes
from the errors on stretches of the recording that the net did not learn from.

Examples:
  edgeward fit sensor --normal week.csv --rate 1/300 --window 57600 --stride 900 --out press.bundle
  edgeward fit sensor --normal good-*.csv --rate 12000 --window 0.25 --features vibration --out bearing.bundle
  edgeward fit sensor --normal beats.jsonl --rate 125 --each-message --features raw --out beat.bundle
  edgeward fit sensor --normal day.jsonl -c edgeward.yaml --rate 1 --window 60 --out pump.bundle`,
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const [{ readRecording }, { windowsOf }, { sensorOptionsOf }, { fitNormal }, { writeSensorBundle }] =
    await Promise.all([
      import('./readings-file.ts'),
      import('./windows.ts'),
      import('./sensor-options.ts'),
      import('../../training/sensor/fit.ts'),
      import('../../training/sensor/bundle.ts'),
    ]);
  const rows: Float64Array[] = [];
  let readings: ReadingsInput | undefined;
  for (const file of options.normal) {
    const recording = await readRecording(file, options.rate);
    const sensor: SensorOptions = await sensorOptionsOf(recording, options);
    readings ??= readingsOf(options, sensor, recording.messages);
    rows.push(...(await windowsOf(readings, sensor, recording.messages)));
    process.stderr.write(`${file}: ${rows.length} windows so far\n`);
  }
  if (!readings) return;
  const fitted = fitNormal({ readings, rows }, { noise: options.noise, falseAlarms: options.falseAlarms });
  const name =
    options.name ??
    basename(options.out)
      .replace(/\.bundle$/, '')
      .toLowerCase();
  const { digest, bytes } = await writeSensorBundle({
    fitted,
    rows,
    name,
    version: options.modelVersion,
    description: options.description ?? `Normal ${readings.channels.join(', ')}`,
    ...(options.license === undefined ? {} : { license: options.license }),
    dataset: options.normal
      .map((file) => basename(file))
      .join(', ')
      .slice(0, 200),
    path: options.out,
  });
  const { channels, window, stride, rateHz, horizon } = fitted.readings;
  const learned = {
    path: options.out,
    digest,
    bytes,
    windows: rows.length,
    threshold: fitted.threshold,
    readings: { channels, window, stride, rateHz, ...(horizon === undefined ? {} : { horizon }) },
  };
  process.stdout.write(options.json ? `${JSON.stringify(learned)}\n` : describe(name, learned));
}

/** How windows are to be made: by the options, and by the first message where each is one. */
function readingsOf(options: Options, sensor: SensorOptions, messages: Iterable<string>): ReadingsInput {
  const channels = Object.keys(sensor.channels);
  const each = options.eachMessage ? samplesOf(messages) : undefined;
  const window = each ?? Math.round((options.window ?? 0) * options.rate);
  if (!(window >= 2)) {
    throw new GatewayError(
      'REQUEST_INVALID',
      'Expected --window of at least two samples, or --each-message, but received less',
    );
  }
  const stride = options.stride === undefined ? window / 2 : options.stride * options.rate;
  const features = featureSet(options.features, options.bands, options.rate);
  const horizon = Math.max(
    1,
    Math.round(options.horizon === undefined ? window / 10 : options.horizon * options.rate),
  );
  return {
    kind: options.kind,
    align: options.eachMessage ? 'message' : 'stream',
    rateHz: options.rate,
    window,
    stride: Math.max(1, Math.round(stride)),
    ...(options.kind === 'forecaster' ? { horizon } : {}),
    channels,
    ...(features ? { features } : {}),
    mean: [],
    scale: [],
  };
}

function samplesOf(messages: Iterable<string>): number {
  for (const message of messages) {
    const lists = Object.values(JSON.parse(message) as object).filter(Array.isArray);
    return Math.max(0, ...lists.map((list) => list.length));
  }
  return 0;
}

function describe(
  name: string,
  {
    path,
    digest,
    bytes,
    windows,
    threshold,
    readings,
  }: {
    path: string;
    digest: string;
    bytes: number;
    windows: number;
    threshold: number;
    readings: { channels: readonly string[]; window: number; stride: number; rateHz: number };
  },
): string {
  return `${path}: ${bytes} bytes, ${digest}
${windows} windows of ${readings.window} samples, ${readings.stride} apart, of ${readings.channels.join(', ')}
An error of ${threshold.toPrecision(4)} standard deviations is score 0.5.

models:
  ${name}: { bundle: ${path}, instances: 1 }
`;
}

function share(text: string): number {
  const value = Number(text);
  if (!(value >= 0 && value < 1)) throw new InvalidArgumentError('Expected a share from 0 to below 1.');
  return value;
}
