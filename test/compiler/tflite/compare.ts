import { type LiteRtSession, liteRtSession, type Numbers } from '../../../bench/compiler/litert.ts';
import { writeModel } from '../../../src/compiler/onnx/model.ts';
import { openSession } from '../../../src/compiler/runtime.ts';
import type { Tensor } from '../../../src/compiler/tensor.ts';
import { importTflite } from '../../../src/compiler/tflite/import.ts';
import { readNet, type TensorInfo } from '../../../src/compiler/tflite/model.ts';
import { meaningOf } from '../../../src/compiler/tflite/stored.ts';

/** An output of both runtimes as real numbers. */
export interface Pair {
  readonly info: TensorInfo;
  readonly ours: Float32Array;
  readonly theirs: Float32Array;
  /** Of a quantized output, what a step is. */
  readonly step: number | undefined;
}

/** A TFLite file in LiteRT.js, and its import in the runtime that gateways have. */
export async function openBoth(file: Uint8Array) {
  const net = readNet(file);
  const { graph, notes } = importTflite(file);
  const session = await openSession(writeModel(graph), { threads: 1 });
  const reference: LiteRtSession = await liteRtSession(file);
  return {
    graph,
    notes,
    inputs: net.inputs.map((index) => infoOf(net.tensors, index)),
    /** Run both on inputs of the file's own types. */
    async run(inputs: readonly Numbers[]): Promise<Pair[]> {
      const feeds = net.inputs.map((index, i) => {
        const info = infoOf(net.tensors, index);
        return [info.name, fed(info, inputs[i] ?? new Float32Array())] as const;
      });
      const ours = await session.run(Object.fromEntries(feeds));
      const theirs = await reference.run(inputs);
      return net.outputs.map((index, i) => {
        const info = infoOf(net.tensors, index);
        const { data } = ours[info.name] ?? {};
        return {
          info,
          ours: Float32Array.from((data ?? []) as ArrayLike<number | bigint>, Number),
          theirs: real(info, theirs[i] ?? new Float32Array()),
          step: meaningOf(info)?.scale,
        };
      });
    },
    async close() {
      reference.close();
      await session.close();
    },
  };
}

function infoOf(tensors: readonly TensorInfo[], index: number): TensorInfo {
  const info = tensors[index];
  if (info === undefined) throw new RangeError(`Expected tensor ${index}`);
  return info;
}

/** int8 becomes uint8 on its way into our graph. */
function fed({ type, shape, quantization }: TensorInfo, data: Numbers): Tensor {
  if (type === 'int8' && quantization) {
    return { type: 'uint8', dims: shape, data: Uint8Array.from(data as Int8Array, (each) => each + 128) };
  }
  return { type, dims: shape, data } as Tensor;
}

function real(info: TensorInfo, data: Numbers): Float32Array {
  const numbers = Float32Array.from(data as ArrayLike<number | bigint>, Number);
  const { quantization } = info;
  if (quantization === undefined) return numbers;
  const [scale = 1] = quantization.scales;
  const [zeroPoint = 0] = quantization.zeroPoints;
  return numbers.map((each) => (each - zeroPoint) * scale);
}

/** Share of the numbers within `steps` quantization steps. */
export function shareWithin({ ours, theirs, step = 1 }: Pair, steps: number): number {
  const near = theirs.filter((each, i) => Math.abs(each - (ours[i] ?? Number.NaN)) <= (steps + 0.01) * step);
  return near.length / theirs.length;
}

/** The greatest difference as a share of the greatest number. */
export function relativeDifference({ ours, theirs }: Pair): number {
  let difference = 0;
  let greatest = 1e-30;
  for (const [i, value] of theirs.entries()) {
    const off = Math.abs(value - (ours[i] ?? Number.NaN));
    if (!(off <= difference)) difference = off;
    greatest = Math.max(greatest, Math.abs(value));
  }
  return difference / greatest;
}

export function indexOfGreatest(data: Float32Array): number {
  return data.reduce((best, value, i) => (value > (data[best] ?? Number.NEGATIVE_INFINITY) ? i : best), 0);
}
