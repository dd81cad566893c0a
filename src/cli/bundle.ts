import { Command } from 'commander';
import type { Bundle } from '../models/bundle.ts';
import type { Manifest } from '../models/manifest.ts';
import { createCommand } from './bundle-create.ts';

export function bundleCommand(): Command {
  return new Command('bundle')
    .description('make model bundles and look into them')
    .addCommand(createCommand())
    .addCommand(inspectCommand());
}

function inspectCommand(): Command {
  return new Command('inspect')
    .description('verify a bundle and print what is in it')
    .argument('<file>', 'path of a bundle, or builtin:NAME')
    .option('--json', 'print {path, digest, bytes, manifest} for programs')
    .addHelpText(
      'after',
      `
Every digest is computed anew; a bundle that is printed is whole. Whether it also answers its golden samples
on this computer is found out when it is loaded, and by \`edgeward doctor\`.

Example:
  edgeward bundle inspect builtin:digits`,
    )
    .action(async (spec: string, { json = false }: { json?: boolean }) => {
      const [{ readBundle }, { resolveBundle }] = await Promise.all([
        import('../models/bundle.ts'),
        import('../models/builtin.ts'),
      ]);
      const path = resolveBundle(spec);
      const bundle = await readBundle(path);
      const { digest, bytes, manifest } = bundle;
      const report = json ? JSON.stringify({ path, digest, bytes, manifest }) : describe(path, bundle);
      process.stdout.write(`${report}\n`);
    });
}

/** The bundle for people: a table of two columns. */
function describe(path: string, { manifest, digest, bytes }: Bundle): string {
  const { accuracy, quantization, labels, thresholds, trained } = manifest;
  const rows: (readonly [string, string] | undefined)[] = [
    ['name', `${manifest.name} ${manifest.version}`],
    manifest.description === undefined ? undefined : ['about', manifest.description],
    ['task', manifest.task],
    manifest.license === undefined ? undefined : ['licence', manifest.license],
    manifest.created === undefined ? undefined : ['created', manifest.created],
    ['file', path],
    ['size', `${bytes} bytes`],
    ['digest', digest],
    ...Object.entries(manifest.inputs).map(
      ([name, input]) => ['input', `${name}: ${inputText(input)}`] as const,
    ),
    ...Object.entries(manifest.outputs).map(
      ([name, output]) => ['output', `${name}: ${outputText(output)}`] as const,
    ),
    labels && ['labels', `${labels.length}: ${shortened(labels)}`],
    thresholds && [
      'thresholds',
      Object.entries(thresholds)
        .map(([name, limit]) => `${name} ${limit}`)
        .join(', '),
    ],
    quantization && ['quantized', quantizationText(quantization)],
    accuracy && ['accuracy', accuracyText(accuracy)],
    trained && [
      'trained',
      `on ${trained.samples} samples of ${trained.dataset}, ${trained.digest}, seed ${trained.seed}`,
    ],
    ['golden', goldenText(manifest.golden)],
    ['graph', `${manifest.graph}, ${manifest.files[manifest.graph]?.bytes} bytes`],
    manifest.engine === 'tfjs' ? ['engine', 'TensorFlow.js'] : undefined,
    ['verified', `${Object.keys(manifest.files).length} files`],
  ];
  return rows.flatMap((row) => (row ? [`${row[0].padEnd(11)} ${row[1]}`] : [])).join('\n');
}

function inputText(input: Manifest['inputs'][string]): string {
  if (input.kind === 'tensor') return `numbers of ${input.type}, [N, ${input.shape.join(', ')}]`;
  const { width, height, colour, layout, type, resize } = input;
  return `picture of ${width} × ${height}, ${colour}, ${type} ${layout}, resized to ${resize}`;
}

function outputText(output: Manifest['outputs'][string]): string {
  if (output.kind === 'tensor') return 'numbers as they are';
  if (output.kind === 'embedding') return 'an embedding of unit length';
  if (output.kind === 'detector') return 'boxes, with others of the detector';
  return `classes, activation ${output.activation}, best ${output.top ?? 5}`;
}

function quantizationText(quantization: NonNullable<Manifest['quantization']>): string {
  const { scheme, weights, activations, calibration } = quantization;
  const calibrated = calibration
    ? `; calibrated by ${calibration.method} on ${calibration.samples} samples`
    : '';
  return `${scheme}; weights ${weights}; activations ${activations}${calibrated}`;
}

function accuracyText({
  metric,
  dataset,
  samples,
  float,
  quantized,
}: NonNullable<Manifest['accuracy']>): string {
  const int8 = quantized === undefined ? '' : `, quantized ${quantized}`;
  return `${metric} on ${dataset} (${samples} samples): float ${float}${int8}`;
}

function goldenText({ samples }: Manifest['golden']): string {
  const tolerances = samples.map(({ tolerance }) => tolerance);
  return `${samples.length} samples, tolerance ${Math.min(...tolerances)} to ${Math.max(...tolerances)}`;
}

function shortened(labels: readonly string[]): string {
  return labels.length <= 12 ? labels.join(', ') : `${labels.slice(0, 10).join(', ')}, …`;
}
