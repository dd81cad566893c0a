import type { io, Tensor } from '@tensorflow/tfjs-core';

/** A graph or layers model of TensorFlow.js on the backend of now. */
export interface Net {
  /** -1 for a free size. */
  readonly inputs: readonly {
    readonly name: string;
    readonly type: string;
    readonly dims: readonly number[];
  }[];
  readonly outputNames: readonly string[];
  /** How it may be run, the faster first: inputs and results in the order of their names. */
  readonly ways: readonly Way[];
  dispose(): void;
}

export type Way = (inputs: Tensor[]) => Promise<Tensor[]>;

/** Throws whatever TensorFlow.js throws of a model that it cannot take. */
export async function loadNet(artifacts: io.ModelArtifacts): Promise<Net> {
  const handler = { load: async () => artifacts };
  return 'node' in (artifacts.modelTopology ?? {}) ? graphNet(handler) : layersNet(handler);
}

async function graphNet(handler: io.IOHandler): Promise<Net> {
  const { loadGraphModel } = await import('@tensorflow/tfjs-converter');
  const { clone } = await import('@tensorflow/tfjs-core');
  const model = await loadGraphModel(handler);
  const { inputNodes, outputNodes } = model;
  const weights = new Set(Object.values(model.weights).flat());
  // Results are disposed of by whoever reads them, which a weight must survive.
  const own = (results: Tensor | Tensor[]) =>
    [results].flat().map((tensor) => (weights.has(tensor) ? clone(tensor) : tensor));
  return {
    inputs: model.inputs.map(({ name, dtype, shape }, i) => ({
      name: inputNodes[i] ?? name,
      type: dtype,
      dims: shape ?? [],
    })),
    outputNames: outputNodes,
    ways: [
      async (inputs) => own(model.execute(inputs, outputNodes)),
      // Slower, and the only way for loops, branches and results whose size depends on numbers.
      async (inputs) => own(await model.executeAsync(inputs, outputNodes)),
    ],
    dispose: () => model.dispose(),
  };
}

async function layersNet(handler: io.IOHandler): Promise<Net> {
  const { loadLayersModel } = await import('@tensorflow/tfjs-layers');
  const model = await loadLayersModel(handler);
  return {
    // Not `outputNames`, which a sequential model leaves empty.
    inputs: model.inputs.map(({ sourceLayer, dtype, shape }) => ({
      name: sourceLayer.name,
      type: dtype,
      dims: shape.map((size) => size ?? -1),
    })),
    outputNames: model.outputs.map(({ sourceLayer }) => sourceLayer.name),
    ways: [async (inputs) => [model.predictOnBatch(inputs)].flat()],
    dispose: () => model.dispose(),
  };
}
