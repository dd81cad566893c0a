import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, normalize, sep } from 'node:path';
import { GatewayError } from '../../errors.ts';
import type { Tensor } from '../tensor.ts';
import { failed, field, isObject, type Json, list, object, text, unexpected } from './json.ts';
import { readSpec, readWeight, storedBytes, type WeightSpec } from './weights.ts';

/** A model as TensorFlow.js saves it, with its weights as numbers. */
export interface Artifacts {
  /** How messages call it, such as the name of its file. */
  readonly label: string;
  readonly topology: Json;
  /** Names of the inputs and outputs of a graph model, where it has them. */
  readonly signature: Json | undefined;
  readonly weights: ReadonlyMap<string, Tensor>;
}

/** Real ones take some hundred kilobytes. */
const maxJsonBytes = 2 ** 26;
const maxWeightBytes = 2 ** 30;

/**
 * Read `model.json` and the weights that lie beside it.
 * @throws COMPILE_FAILED if a file is missing or damaged, or lies elsewhere.
 */
export async function readArtifacts(path: string): Promise<Artifacts> {
  const label = basename(path);
  const { size } = await sizeOf(path);
  if (size > maxJsonBytes) throw failed(`at most ${maxJsonBytes} bytes`, label, `${size}`);
  const model = object(await readJson(path, label), label);
  const weights = new Map<string, Tensor>();
  const manifest = list(field(model, 'weightsManifest') ?? [], `weightsManifest of ${label}`);
  let left = maxWeightBytes;
  for (const [i, group] of manifest.entries()) {
    const what = `weightsManifest[${i}] of ${label}`;
    const { specs, data } = await readGroup(object(group, what), what, dirname(path), left);
    left -= data.length;
    addWeights(weights, specs, data);
  }
  const topology = object(field(model, 'modelTopology'), `modelTopology of ${label}`);
  return { label, topology, signature: signatureOf(model), weights };
}

/** Older converters keep it with what the user may say. */
function signatureOf(model: Json): Json | undefined {
  const metadata = field(model, 'userDefinedMetadata');
  const signature =
    field(model, 'signature') ?? (isObject(metadata) ? field(metadata, 'signature') : undefined);
  return isObject(signature) ? signature : undefined;
}

/**
 * The same of a model that is in memory: `weightData` holds what `weightSpecs` describe, one after another.
 * @throws COMPILE_FAILED
 */
export function artifactsOf(
  model: { readonly modelTopology?: object; readonly weightSpecs?: readonly object[] },
  weightData: Uint8Array,
  label: string,
): Artifacts {
  const weights = new Map<string, Tensor>();
  const specs = (model.weightSpecs ?? []).map((spec, i) => readSpec(spec, `weight ${i} of ${label}`));
  checkBytes(specs, weightData.length, label);
  addWeights(weights, specs, weightData);
  // What is in memory may hold more than JSON can say, and nothing here should see it.
  const topology = object(JSON.parse(JSON.stringify(model.modelTopology ?? null)), `topology of ${label}`);
  return { label, topology, signature: undefined, weights };
}

/** Constants are laid out anew wherever they are read: in a real net seldom twice, in a hostile one for ever. */
export function constantBudget(weights: Artifacts['weights']): number {
  return [...weights.values()].reduce((sum, { data }) => sum + 4 * data.byteLength, 2 ** 20);
}

async function readGroup(group: Json, what: string, folder: string, limit: number) {
  const specs = list(field(group, 'weights'), `weights of ${what}`).map((spec, i) =>
    readSpec(spec, `weight ${i} of ${what}`),
  );
  const paths = list(field(group, 'paths'), `paths of ${what}`).map((path) => shard(path, what, folder));
  let size = 0;
  for (const path of paths) size += (await sizeOf(path)).size;
  // Before anything is read: what a few bytes of JSON claim must not fill the memory.
  checkBytes(specs, size, what);
  if (size > limit) throw failed(`weights of at most ${maxWeightBytes} bytes`, what, `${size} more`);
  const parts: Uint8Array[] = [];
  for (const path of paths) parts.push(await readFile(path));
  return { specs, data: Buffer.concat(parts) };
}

function checkBytes(specs: readonly WeightSpec[], size: number, what: string): void {
  const expected = specs.reduce((sum, spec) => sum + storedBytes(spec), 0);
  if (size !== expected) throw failed(`${expected} bytes of weights`, what, `${size}`);
}

function addWeights(weights: Map<string, Tensor>, specs: readonly WeightSpec[], data: Uint8Array): void {
  let offset = 0;
  for (const spec of specs) {
    weights.set(spec.name, readWeight(spec, data, offset));
    offset += storedBytes(spec);
  }
}

/** Shards lie in the folder of `model.json` or under it: a model is no way to read other files. */
function shard(value: unknown, what: string, folder: string): string {
  const path = normalize(text(value, `a path of ${what}`));
  if (isAbsolute(path) || path.split(sep)[0] === '..') {
    throw unexpected('a file beside model.json', `a path of ${what}`, value);
  }
  return join(folder, path);
}

async function sizeOf(path: string): Promise<{ size: number }> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw failed('a file', path, 'something else');
    return found;
  } catch (cause) {
    throw unreadable(cause, path);
  }
}

async function readJson(path: string, label: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw unreadable(cause, label);
  }
}

function unreadable(cause: unknown, what: string): GatewayError {
  if (cause instanceof GatewayError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const text = `Expected a model of TensorFlow.js for ${what} but received: ${reason}`;
  return new GatewayError('COMPILE_FAILED', text, { cause });
}
