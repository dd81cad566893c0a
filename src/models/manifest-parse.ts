import parseVersion from 'semver/functions/parse.js';
import { GatewayError } from '../errors.ts';
import { detectorReader, landmarksReader } from './detector.ts';
import type { GoldenSample, Manifest, OutputDecoding, PictureInput, TensorInput } from './manifest.ts';
import {
  byKind,
  invalid,
  list,
  number,
  object,
  oneOf,
  type Reader,
  record,
  text,
} from './manifest-readers.ts';
import { checkReadings, readingsInput } from './manifest-readings.ts';

const count = number({ min: 1, max: 2 ** 31 - 1, integer: true });

/** A file of the archive: relative, and plain enough for every file system. Nothing is ever unpacked. */
const filePath: Reader<string> = (value, path) => {
  const plain = text({
    max: 255,
    pattern: /^[\w-][\w.-]*(\/[\w-][\w.-]*)*$/,
    what: 'a relative path of letters, digits and ._- in every part, none beginning with a dot',
  })(value, path);
  if (plain === 'bundle.json') throw invalid('a file other than the manifest', path, plain);
  return plain;
};

/** Names of tensors come from exporters of every kind; `__proto__` alone would be no ordinary key. */
const tensorName = text({ max: 256, pattern: /^(?!__proto__$)[\x21-\x7e]+$/, what: 'the name of a tensor' });

const version: Reader<string> = (value, path) => {
  const parsed = typeof value === 'string' ? parseVersion(value) : null;
  const build = parsed?.build.length ? `+${parsed.build.join('.')}` : '';
  if (parsed === null || `${parsed.version}${build}` !== value)
    throw invalid('a semantic version', path, value);
  return value;
};

const date: Reader<string> = (value, path) => {
  const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,3})?Z)?$/;
  if (typeof value === 'string' && iso.test(value) && !Number.isNaN(Date.parse(value))) return value;
  throw invalid('a date of ISO 8601 in UTC', path, value);
};

const oneOrEachChannel: Reader<number | readonly number[]> = (value, path) =>
  Array.isArray(value) ? list(number(), { min: 1, max: 3 })(value, path) : number()(value, path);

const side = number({ min: 1, max: 16_384, integer: true });

const pictureInput: Reader<PictureInput> = (value, path) => {
  const input = object(
    {
      kind: oneOf('picture'),
      width: side,
      height: side,
      colour: oneOf('rgb', 'bgr', 'grey'),
      layout: oneOf('nhwc', 'nchw'),
      type: oneOf('uint8', 'float32'),
      resize: oneOf('fill', 'cover', 'contain'),
    },
    {
      scale: oneOrEachChannel,
      offset: oneOrEachChannel,
      antialias: oneOf(true, false),
      pad: number({ min: 0, max: 255, integer: true }),
      landmarks: landmarksReader,
    },
  )(value, path);
  const channels = input.colour === 'grey' ? 1 : 3;
  for (const key of ['scale', 'offset'] as const) {
    const given = input[key];
    if (Array.isArray(given) && given.length !== channels) {
      throw invalid(`${channels} numbers, one a channel,`, `${path}.${key}`, given);
    }
  }
  return input;
};

const tensorInput: Reader<TensorInput> = object(
  {
    kind: oneOf('tensor'),
    type: oneOf('uint8', 'float32'),
    shape: list(count, { max: 8 }),
  },
  {},
);

const decoding: Reader<OutputDecoding> = byKind({
  classes: object(
    { kind: oneOf('classes'), activation: oneOf('none', 'softmax', 'sigmoid') },
    { top: count },
  ),
  embedding: object({ kind: oneOf('embedding') }, {}),
  detector: object({ kind: oneOf('detector') }, {}),
  tensor: object({ kind: oneOf('tensor') }, {}),
});

const digest = text({ max: 71, pattern: /^sha256:[0-9a-f]{64}$/, what: '"sha256:" and 64 hex digits' });

const goldenSample: Reader<GoldenSample> = object(
  {
    inputs: record(tensorName, filePath, { min: 1, max: 16 }),
    outputs: record(tensorName, list(number(), { min: 1, max: 65_536 }), { min: 1, max: 64 }),
    tolerance: number({ min: 0 }),
  },
  { every: record(tensorName, count, { max: 64 }) },
);

/** In the order of the format. */
const about = {
  format: oneOf(1),
  name: text({ max: 64, pattern: /^[a-z0-9][a-z0-9-]*$/, what: '1 to 64 of a-z, 0-9 and -' }),
  version,
  task: oneOf('classify', 'detect', 'segment', 'embed', 'anomaly'),
};

const tensors = {
  inputs: record(tensorName, byKind({ picture: pictureInput, tensor: tensorInput }), { min: 1, max: 16 }),
  outputs: record(tensorName, decoding, { min: 1, max: 64 }),
};

const optional = {
  readings: readingsInput,
  description: text({ max: 2000 }),
  license: text({ max: 200 }),
  created: date,
  engine: oneOf('onnx', 'tfjs'),
  detector: detectorReader,
  labels: list(text({ max: 200 }), { min: 1, max: 100_000 }),
  thresholds: record(text({ max: 64, pattern: /^[a-z]\w*$/i, what: 'a name' }), number(), { max: 64 }),
  quantization: object(
    {
      scheme: oneOf('none', 'int8-dynamic', 'int8-qdq'),
      weights: text({ max: 200 }),
      activations: text({ max: 200 }),
    },
    { calibration: object({ method: text({ max: 200 }), samples: count }, {}) },
  ),
  accuracy: object(
    { metric: text({ max: 200 }), dataset: text({ max: 200 }), samples: count, float: number() },
    { quantized: number() },
  ),
  trained: object(
    { dataset: text({ max: 200 }), digest, samples: count, seed: number({ integer: true }) },
    {},
  ),
};

const manifest: Reader<Manifest> = object(
  {
    ...about,
    graph: filePath,
    ...tensors,
    golden: object({ samples: list(goldenSample, { min: 1, max: 1000 }) }, {}),
    files: record(
      filePath,
      object(
        {
          digest,
          bytes: number({ min: 0, max: Number.MAX_SAFE_INTEGER, integer: true }),
        },
        {},
      ),
      { min: 1, max: 100_000 },
    ),
  },
  optional,
);

const draft = object({ ...about, ...tensors }, optional);

/**
 * What people write of a graph that is yet to be packed: a manifest without what packing finds out.
 * @throws BUNDLE_INVALID with the path of what is wrong.
 */
export function parseDraft(json: unknown): Omit<Manifest, 'graph' | 'golden' | 'files'> {
  return draft(json, '');
}

/**
 * The manifest in `json`, with its keys in the order of the format.
 * @throws BUNDLE_UNSUPPORTED for another format, BUNDLE_INVALID with the path of what is wrong.
 */
export function parseManifest(json: unknown): Manifest {
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
  if (Number.isInteger(format) && format !== 1) {
    throw new GatewayError(
      'BUNDLE_UNSUPPORTED',
      `Expected a bundle of format 1 for this edgeward but received format ${format}`,
    );
  }
  const parsed = manifest(json, '');
  checkFiles(parsed);
  checkReadings(parsed);
  checkGolden(parsed);
  return parsed;
}

/** What the manifest speaks of is in the archive, and has the size that the declared shapes need. */
function checkFiles({ graph, files, inputs, golden }: Manifest): void {
  if (!Object.hasOwn(files, graph)) throw invalid('a file of the bundle', 'graph', graph);
  if (Object.values(inputs).filter(({ kind }) => kind === 'picture').length > 1) {
    throw invalid('at most one picture', 'inputs', Object.keys(inputs));
  }
  for (const [i, sample] of golden.samples.entries()) {
    for (const [name, file] of Object.entries(sample.inputs)) {
      const path = `golden.samples[${i}].inputs.${name}`;
      const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined;
      const listed = Object.hasOwn(files, file) ? files[file] : undefined;
      if (input === undefined) throw invalid('an input of the model', path, name);
      if (listed === undefined) throw invalid('a file of the bundle', path, file);
      if (input.kind === 'tensor') {
        const bytes = input.shape.reduce((a, b) => a * b, input.type === 'float32' ? 4 : 1);
        if (listed.bytes !== bytes) throw invalid(`a file of ${bytes} bytes`, path, `${listed.bytes} bytes`);
      }
    }
  }
}

/** Every sample feeds every input, and its expected rows are as long as the list of labels. */
function checkGolden({ inputs, outputs, labels, golden }: Manifest): void {
  for (const [i, sample] of golden.samples.entries()) {
    const path = `golden.samples[${i}]`;
    for (const name of Object.keys(inputs)) {
      if (!Object.hasOwn(sample.inputs, name))
        throw invalid(`a file for input ${name}`, `${path}.inputs`, sample.inputs);
    }
    for (const [name, row] of Object.entries(sample.outputs)) {
      const output = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
      if (output === undefined) throw invalid('an output of the model', `${path}.outputs`, name);
      if (output.kind === 'classes' && labels !== undefined && row.length !== labels.length) {
        throw invalid(`${labels.length} numbers, one a label,`, `${path}.outputs.${name}`, row);
      }
    }
  }
}
