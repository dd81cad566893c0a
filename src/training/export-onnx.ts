import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Graph } from '../compiler/graph.ts';
import { GraphBuilder } from '../compiler/graph-builder.ts';
import type { Tensor } from '../compiler/tensor.ts';
import { GatewayError } from '../errors.ts';

type Layer = LayersModel['layers'][number];

/**
 * The graph of a sequential model of TensorFlow.js for inference, from `input` (as the model takes it, with
 * a free batch `N`) to `output`.
 * @throws COMPILE_FAILED for a layer or an activation that is not exported yet.
 */
export function exportGraph(model: LayersModel, names: { input: string; output: string }): Graph {
  const builder = new GraphBuilder([names.input, names.output]);
  const last = model.layers.reduce((value, layer) => exportLayer(builder, layer, value), names.input);
  builder.add('Identity', [last], { output: names.output });
  const [first] = model.inputs;
  const [result] = model.outputs;
  const shape = (sizes: readonly (number | null)[] = []) => sizes.map((size) => size ?? 'N');
  return builder.build({
    name: 'network',
    // 13 is the first with a scale a channel; 17 is what the runtimes of the last years know.
    opsets: { '': 17 },
    inputs: [{ name: names.input, type: 'float32', shape: shape(first?.shape) }],
    outputs: [{ name: names.output, type: 'float32', shape: shape(result?.shape) }],
  });
}

function exportLayer(builder: GraphBuilder, layer: Layer, input: string): string {
  switch (layer.getClassName()) {
    case 'InputLayer':
    case 'Dropout':
      return input;
    case 'Flatten':
      return builder.add('Flatten', [input], { attributes: { axis: { int: 1 } } });
    case 'Dense':
      return exportDense(builder, layer, input);
    default:
      throw unsupported('InputLayer, Flatten, Dense or Dropout', layer, layer.getClassName());
  }
}

/** Both keep weights as `[inputs, units]`, so that they move as they are. */
function exportDense(builder: GraphBuilder, layer: Layer, input: string): string {
  const weights = layer.getWeights().map((weight, i): string => {
    const tensor: Tensor = {
      type: 'float32',
      dims: weight.shape,
      data: Float32Array.from(weight.dataSync()),
    };
    return builder.constant(`${layer.name}_${i === 0 ? 'kernel' : 'bias'}`, tensor);
  });
  const product = builder.add('Gemm', [input, ...weights]);
  const { activation } = layer.getConfig();
  switch (activation) {
    case 'linear':
      return product;
    case 'relu':
      return builder.add('Relu', [product]);
    case 'softmax':
      return builder.add('Softmax', [product], { attributes: { axis: { int: -1 } } });
    default:
      throw unsupported('linear, relu or softmax', layer, String(activation));
  }
}

function unsupported(expected: string, layer: Layer, received: string): GatewayError {
  return new GatewayError(
    'COMPILE_FAILED',
    `Expected ${expected} for layer ${layer.name} but received ${received}`,
  );
}
