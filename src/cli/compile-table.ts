import type { CompileReport } from '../compiler/compile-report.ts';
import type { TensorInfo } from '../compiler/runtime.ts';

/** Rows of long lists that a person wants to read. */
const mostRows = 8;

/** The report for people. */
export function describe(path: string, report: CompileReport): string {
  const { source, form, inputs, outputs, nodes, bytes, medianMs, quantization: own, tookMs } = report;
  const took = Object.values(tookMs).reduce((sum, each) => sum + each, 0);
  const rows: (readonly [string, string])[] = [
    ['model', path],
    ['source', sources[source]],
    ['form', forms[form]],
    ...inputs.map((input) => ['input', tensorText(input)] as const),
    ...shortened(outputs.map((output) => ['output', tensorText(output)] as const)),
    ['batch', report.batch === 'free' ? 'any size' : 'as in the source'],
    ['size', `${megabytes(bytes)}, ${nodes.compiled} nodes (${nodes.imported} as imported)`],
    ['speed', `${medianMs.toFixed(2)} ms for one on one thread of this machine`],
    ['checked', `answers as before the passes to ${report.passesDb.toFixed(0)} dB`],
    ...(own ? quantizationRows(own) : []),
    ...(report.floatProducts.length > 0 && form !== 'float'
      ? [['in float', `${report.floatProducts.length} products: ${list(report.floatProducts)}`] as const]
      : []),
    ...(report.postprocess
      ? [['decoding', 'boxes are left to be decoded, see postprocess in the report'] as const]
      : []),
    ['took', `${(took / 1000).toFixed(1)} s`],
    ...report.notes.map((note) => ['note', note] as const),
  ];
  return rows.map(([name, text]) => `${name.padEnd(11)} ${text}`).join('\n');
}

const sources = {
  onnx: 'ONNX',
  tflite: 'TFLite',
  'tfjs-graph': 'TensorFlow.js graph model',
  'tfjs-layers': 'TensorFlow.js layers model',
} as const;

const forms = {
  int8: 'int8, quantized here',
  float: 'float32',
  quantized: 'int8, with the scales of the source',
} as const;

function quantizationRows(own: NonNullable<CompileReport['quantization']>): (readonly [string, string])[] {
  const { chosen, reason, sqnrDb, method, medianMs, bytes, floatOperators, sensitivity, tried } = own;
  const noise = Object.entries(sqnrDb).map(
    ([name, db]) => [`int8 ${name}`, `${db.toFixed(1)} dB above its noise`] as const,
  );
  const costly = sensitivity.slice(0, mostRows).map((each) => `${each.name} ${each.sqnrDb.toFixed(1)} dB`);
  return [
    ['chosen', `${chosen}: ${reason}`],
    ['ranges', `${method}, the best of ${tried.length} ways`],
    ['int8', `${medianMs.int8.toFixed(2)} ms, ${megabytes(bytes.int8)}`],
    ['float32', `${medianMs.float.toFixed(2)} ms, ${megabytes(bytes.float)}`],
    ...shortened(noise),
    ...shortened(
      floatOperators.map(({ op, name, why }) => ['stays float', `${op} ${name}: ${why}`] as const),
    ),
    ...(costly.length > 0 ? [['costly', costly.join(', ')] as const] : []),
  ];
}

function tensorText({ name, type, shape }: TensorInfo): string {
  return `${name}: ${type} [${shape.join(', ')}]`;
}

function shortened(rows: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  if (rows.length <= mostRows) return [...rows];
  return [...rows.slice(0, mostRows), ['', `and ${rows.length - mostRows} more`]];
}

function list(names: readonly string[]): string {
  const rest = names.length > 4 ? `, and ${names.length - 4} more` : '';
  return names.slice(0, 4).join(', ') + rest;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
