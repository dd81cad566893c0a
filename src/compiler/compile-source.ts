import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { whyUnreadable } from '../config/files.ts';
import { GatewayError } from '../errors.ts';
import type { Imported } from './imported.ts';

/** A net larger than this runs on no gateway, and a file larger than this is rather a mistake. */
const mostBytes = 2 ** 31 - 1;

/**
 * The net in a file of ONNX or TFLite, or in a TensorFlow.js model (its `model.json`, or the folder of it).
 * @throws COMPILE_FAILED if there is no such file or nothing of the kind in it.
 */
export async function importModel(path: string): Promise<Imported> {
  const found = await stat(path).catch((cause: unknown) => {
    throw unreadable('a model', path, cause);
  });
  if (found.isDirectory()) return importModel(join(path, 'model.json'));
  if (!found.isFile() || found.size > mostBytes) {
    throw unreadable(`a file of at most ${mostBytes} bytes`, path, `${found.size} bytes`);
  }
  if (path.endsWith('.json')) return (await import('./tfjs/import.ts')).importTfjs(path);
  const file = await readFile(path);
  return isTflite(file)
    ? (await import('./tflite/import.ts')).importTflite(file)
    : (await import('./onnx/import.ts')).importOnnx(file);
}

/** The identifier of a FlatBuffers file stands after the offset of its root. */
function isTflite(file: Uint8Array): boolean {
  return String.fromCharCode(...file.subarray(4, 8)) === 'TFL3';
}

function unreadable(expected: string, path: string, cause: unknown): GatewayError {
  const text = `Expected ${expected} for ${path} but received ${whyUnreadable(cause)}`;
  return new GatewayError('COMPILE_FAILED', text, { cause });
}
