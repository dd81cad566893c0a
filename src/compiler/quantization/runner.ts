import type { Sample } from '../calibrate.ts';
import type { Graph } from '../graph.ts';
import { writeModel } from '../onnx/model.ts';
import type { Parameters } from '../quantization.ts';
import { bytesOf, floatsOf } from '../quantize-values.ts';
import { openSession, type Session } from '../runtime.ts';
import type { Tensor } from '../tensor.ts';

/** A session that takes the samples of the float graph, also where its own inputs are bytes. */
export interface Runner {
  readonly session: Session;
  run(sample: Sample): Promise<Record<string, Tensor>>;
  /** Milliseconds of one run, the making of its inputs not counted. */
  time(sample: Sample): Promise<number>;
  close(): Promise<void>;
}

export async function openRunner(
  graph: Graph,
  inputs: Readonly<Record<string, Parameters>>,
): Promise<Runner> {
  const session = await openSession(writeModel(graph), { threads: 1 });
  const ofBytes = session.inputs.filter(({ name, type }) => name in inputs && type === 'uint8');
  const feeds = (sample: Sample) =>
    Object.fromEntries(
      Object.entries(sample).map(([name, tensor]) => [
        name,
        ofBytes.some((input) => input.name === name)
          ? asBytes(tensor, inputs[name])
          : asFloats(tensor, inputs[name]),
      ]),
    );
  return {
    session,
    run: (sample) => session.run(feeds(sample)),
    async time(sample) {
      const ready = feeds(sample);
      const start = performance.now();
      await session.run(ready);
      return performance.now() - start;
    },
    close: () => session.close(),
  };
}

/** `tensor` as floats, where it is bytes that mean `parameters`. */
export function asFloats(tensor: Tensor, parameters: Parameters | undefined): Tensor {
  if (parameters === undefined || tensor.type !== 'uint8') return tensor;
  return { type: 'float32', dims: tensor.dims, data: floatsOf(tensor.data, parameters) };
}

function asBytes(tensor: Tensor, parameters: Parameters | undefined): Tensor {
  if (parameters === undefined || tensor.type !== 'float32') return tensor;
  return { type: 'uint8', dims: tensor.dims, data: bytesOf(tensor.data, parameters) };
}
