import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compileFunction } from 'node:vm';
import { type LiteRt, supportsFeature } from '@litertjs/core';

/** Numbers of a tensor, in the array of its type. */
export type Numbers = Float32Array | Int32Array | Uint8Array | Int8Array | BigInt64Array;

/** A `.tflite` in LiteRT.js on one thread: what a Node program has for such files other than edgeward. */
export interface LiteRtSession {
  /** Of each input: its dimensions. */
  readonly inputs: readonly (readonly number[])[];
  /** Inputs and outputs in the order of the file. */
  run(inputs: readonly Numbers[]): Promise<Numbers[]>;
  close(): void;
}

type Wasm = LiteRt['liteRtWasm'];
type Environment = ReturnType<Wasm['LiteRtEnvironment']['create']>;

/** Element types of LiteRT and the arrays that carry them. The package's own wrapper refuses int8 and int64. */
const arrays: Readonly<Record<number, { new (buffer: ArrayBuffer): Numbers }>> = {
  1: Float32Array,
  2: Int32Array,
  3: Uint8Array,
  4: BigInt64Array,
  6: Uint8Array,
  9: Int8Array,
};

/** What the module says to nobody but the console, though it answers zeros after it. */
const complaints: string[] = [];

function listen(line: string): void {
  if (line.includes('ERROR')) complaints.push(line);
}

function refuseComplaints(): void {
  const said = complaints.splice(0);
  if (said.length > 0) throw new Error(`LiteRT.js says ${said.join('; ')}`);
}

let loaded: Promise<{ wasm: Wasm; environment: Environment }> | undefined;

/** @throws whatever LiteRT says about a file that it cannot run. */
export async function liteRtSession(file: Uint8Array): Promise<LiteRtSession> {
  loaded ??= load();
  const { wasm, environment } = await loaded;
  const pointer = wasm._malloc(file.byteLength);
  wasm.HEAPU8.set(file, pointer);
  const model = wasm.loadModel(environment, pointer, file.byteLength);
  const options = { accelerator: 'wasm', environment, cpuOptions: { numThreads: 1 } } as const;
  const compiled = await wasm.compileModel(environment, model, options);
  refuseComplaints();
  const signature = model.getSignature(0);
  const count = signature.inputNames().size();
  const types = Array.from({ length: count }, (_, i) => model.getInputTensorType(0, i));
  return {
    inputs: types.map((type) => {
      const dims = type.layout().dimensions();
      return Array.from({ length: dims.size() }, (_, i) => Number(dims.get(i)));
    }),
    async run(inputs) {
      const buffers = types.map((type, i) => {
        const { LiteRtTensorBuffer, LiteRtTensorBufferType, LiteRtTensorBufferLockMode } = wasm;
        const bytes = type.bytes();
        const buffer = LiteRtTensorBuffer.createManaged(
          environment,
          LiteRtTensorBufferType.HOST_MEMORY,
          type,
          bytes,
        );
        const data = inputs[i];
        if (data?.byteLength !== bytes) {
          throw new RangeError(`Expected ${bytes} bytes for input ${i} but received ${data?.byteLength}`);
        }
        const target = buffer.lock(LiteRtTensorBufferLockMode.WRITE);
        wasm.HEAPU8.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), target);
        buffer.unlock();
        return buffer;
      });
      const outputs = await compiled.run(0, buffers);
      for (const buffer of buffers) buffer.delete();
      refuseComplaints();
      return outputs.map((buffer) => {
        const type = buffer.tensorType().elementType().value;
        const array = arrays[type];
        if (array === undefined) throw new TypeError(`Expected numbers but received element type ${type}`);
        const source = buffer.lock(wasm.LiteRtTensorBufferLockMode.READ);
        const bytes = wasm.HEAPU8.slice(source, source + buffer.packedSize());
        buffer.unlock();
        buffer.delete();
        return new array(bytes.buffer);
      });
    },
    close() {
      compiled.delete();
      model.delete();
      wasm._free(pointer);
    },
  };
}

/**
 * The package loads its WebAssembly through a script element of a page. Inside, it is an Emscripten module
 * that knows Node, as a CommonJS script.
 */
async function load() {
  const require = createRequire(import.meta.url);
  const folder = join(dirname(fileURLToPath(import.meta.resolve('@litertjs/core'))), '../wasm');
  const relaxed = await supportsFeature('relaxedSimd');
  const path = join(folder, relaxed ? 'litert_wasm_internal.js' : 'litert_wasm_compat_internal.js');
  const names = ['module', 'exports', 'require', '__dirname', '__filename'];
  const module = { exports: {} as (options: object) => Promise<Wasm> };
  const script = compileFunction(await readFile(path, 'utf8'), names, { filename: path });
  script(module, module.exports, require, folder, path);
  const wasm = await module.exports({ print: listen, printErr: listen });
  return { wasm, environment: wasm.LiteRtEnvironment.create(null) };
}
