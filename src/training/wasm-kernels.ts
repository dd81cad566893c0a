import type { KernelFunc, NamedAttrMap, NamedTensorInfoMap, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { TensorFlow } from './backend.ts';
import {
  depthwiseFilterGradient,
  depthwiseInputGradient,
  filterGradient,
  inputGradient,
  type Window,
} from './convolution-gradients.ts';

type Core = TensorFlow['core'];

/**
 * What training needs of TensorFlow.js on WebAssembly and does not find there, made of what it finds. The
 * gradients of convolutions by their filters are missing, as are both of depthwise ones; the gradient by the input
 * and products of transposed matrices are there and take five times as long as these.
 */
export function registerWasmKernels(core: Core): void {
  const kernels: Readonly<Record<string, KernelFunc>> = {
    Conv2DBackpropFilter: ({ inputs, attrs }) => {
      const [x, dy] = [tensor(inputs, 'x'), tensor(inputs, 'dy')];
      const shape = attrs?.filterShape as Shape4D;
      return filterGradient(core, x, dy, [shape[0], shape[1]], windowOf(core, attrs, x.shape, shape));
    },
    Conv2DBackpropInput: ({ inputs, attrs }) => {
      const [dy, filter] = [tensor(inputs, 'dy'), tensor(inputs, 'filter')];
      const shape = attrs?.inputShape as Shape4D;
      return inputGradient(
        core,
        dy,
        filter,
        [shape[1], shape[2]],
        windowOf(core, attrs, shape, filter.shape),
      );
    },
    DepthwiseConv2dNativeBackpropFilter: ({ inputs, attrs }) => {
      const [x, dy] = [tensor(inputs, 'x'), tensor(inputs, 'dy')];
      const shape = attrs?.filterShape as Shape4D;
      const window = windowOf(core, attrs, x.shape, shape);
      return depthwiseFilterGradient(core, x, dy, [shape[0], shape[1]], window);
    },
    DepthwiseConv2dNativeBackpropInput: ({ inputs, attrs }) => {
      const [dy, filter] = [tensor(inputs, 'dy'), tensor(inputs, 'filter')];
      const shape = attrs?.inputShape as Shape4D;
      const window = windowOf(core, attrs, shape, filter.shape);
      return depthwiseInputGradient(core, dy, filter, [shape[1], shape[2]], window);
    },
    BatchMatMul: transposedFirst(core),
  };
  for (const [kernelName, kernelFunc] of Object.entries(kernels)) {
    if (core.getKernel(kernelName, 'wasm')) core.unregisterKernel(kernelName, 'wasm');
    core.registerKernel({ kernelName, backendName: 'wasm', kernelFunc });
  }
}

type Shape4D = [number, number, number, number];

/** A product of transposed matrices runs in plain loops, a transposition and a product in vectors. */
function transposedFirst(core: Core): KernelFunc {
  const multiply = core.getKernel('BatchMatMul', 'wasm')?.kernelFunc;
  if (multiply === undefined)
    throw new TypeError('Expected a product of matrices in the backend but received none');
  return ({ inputs, backend, attrs }) => {
    const { transposeA, transposeB } = attrs ?? {};
    const upright = (name: string, transposed: unknown): Tensor => {
      const matrix = inputs[name] as Tensor;
      if (transposed !== true) return matrix;
      const axes = matrix.shape.map((_, axis) => axis);
      return core.transpose(matrix, [...axes.slice(0, -2), matrix.rank - 1, matrix.rank - 2]);
    };
    const a = upright('a', transposeA);
    const b = upright('b', transposeB);
    const product = multiply({ inputs: { a, b }, backend, attrs: { transposeA: false, transposeB: false } });
    for (const made of [a, b]) if (made !== inputs.a && made !== inputs.b) made.dispose();
    return product;
  };
}

function windowOf(core: Core, attrs: NamedAttrMap | undefined, input: Shape4D, filter: Shape4D): Window {
  const { strides, pad, dimRoundingMode, dataFormat = 'NHWC' } = attrs ?? {};
  if (dataFormat !== 'NHWC') throw new TypeError(`Expected channels last but received ${String(dataFormat)}`);
  type Info = Parameters<typeof core.backend_util.computeConv2DInfo>;
  const info = core.backend_util.computeConv2DInfo(
    input,
    filter,
    strides as Info[2],
    1,
    pad as Info[4],
    dimRoundingMode as Info[5],
  );
  return {
    strides: [info.strideHeight, info.strideWidth],
    before: [info.padInfo.top, info.padInfo.left],
  };
}

/** Kernels are run on tensors, though the type says only what all backends have in common. */
function tensor(inputs: NamedTensorInfoMap, name: string): Tensor4D {
  return inputs[name] as Tensor4D;
}
