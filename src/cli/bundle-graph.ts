import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { whyUnreadable } from '../config/files.ts';
import { GatewayError } from '../errors.ts';
import { sniffFormat } from '../image.ts';
import type { BundleParts } from '../models/create-bundle.ts';
import { parseDraft } from '../models/manifest-parse.ts';
import { listFrames } from './replay-frames.ts';

export interface GraphOptions {
  readonly name?: string;
  readonly modelVersion?: string;
  readonly description?: string;
  readonly license?: string;
  readonly golden?: string;
  readonly manifest?: string;
  readonly labels?: string;
  readonly file?: readonly string[];
}

/** Each is run at every start of every model process. */
const mostGolden = 8;

/**
 * A compiled graph with all that goes with it into a bundle. What the command line says of the model overrides its
 * manifest.
 * @throws REQUEST_INVALID if something is missing, BUNDLE_INVALID for a manifest that is wrong.
 */
export async function readGraph(path: string, options: GraphOptions): Promise<BundleParts> {
  const { manifest, golden, labels, name, modelVersion: version, description, license, file = [] } = options;
  if (manifest === undefined || golden === undefined) {
    throw new GatewayError('REQUEST_INVALID', 'Expected --manifest and --golden for a graph');
  }
  const said = {
    ...parseJson(await readText(manifest), manifest),
    ...(labels === undefined ? {} : { labels: linesOf(await readText(labels)) }),
    ...(name === undefined ? {} : { name }),
    ...(version === undefined ? {} : { version }),
    ...(description === undefined ? {} : { description }),
    ...(license === undefined ? {} : { license }),
  };
  const files = await Promise.all(file.map(async (each) => [basename(each), await read(each)] as const));
  return {
    graph: await read(path),
    manifest: parseDraft(said),
    golden: await goldenOf(golden),
    files: Object.fromEntries(files),
  };
}

/** Under plain names: those of photographs are of any kind. */
async function goldenOf(folder: string): Promise<Record<string, Uint8Array>> {
  const pictures = (await listFrames([folder])).slice(0, mostGolden).map(async (path, i) => {
    const data = await read(path);
    const format = sniffFormat(data);
    if (format) return [`${i + 1}.${format}`, data] as const;
    throw new GatewayError('REQUEST_INVALID', `Expected a JPEG, PNG or WebP but received ${path}`);
  });
  return Object.fromEntries(await Promise.all(pictures));
}

function parseJson(text: string, path: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw new GatewayError(
    'BUNDLE_INVALID',
    `Expected an object of JSON in ${path} but received something else`,
  );
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await read(path));
}

function read(path: string): Promise<Uint8Array> {
  return readFile(path).catch((cause: Error) => {
    const text = `Expected a readable file for ${path} but received ${whyUnreadable(cause)}`;
    throw new GatewayError('REQUEST_INVALID', text, { cause });
  });
}
