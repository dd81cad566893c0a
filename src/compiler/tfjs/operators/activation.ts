import { elementwise } from '../../nhwc-elementwise.ts';
import { activated, leakyRelu } from '../activations.ts';
import { type Call, input, type Operator, type Operators } from '../call.ts';
import { clamp } from '../clamp.ts';
import { tensorOf } from '../constants.ts';
import { floatOf } from '../graph-def.ts';

const named: Operator = (call) => activated(call.builder, input(call, 0), call.node.op);

function clipped(call: Call) {
  const limit = (name: string, index: number) => {
    const { data } = tensorOf(input(call, index), name);
    return Number(data[0] ?? Number.NaN);
  };
  return clamp(call.builder, input(call, 0), limit('the least', 1), limit('the greatest', 2));
}

export const activation: Operators = {
  ClipByValue: clipped,
  Elu: named,
  LeakyRelu: (call) => leakyRelu(call.builder, input(call, 0), floatOf(call.node, 'alpha', 0.2)),
  LogSoftmax: named,
  Prelu: (call) => elementwise(call.builder, 'PRelu', [input(call, 0), input(call, 1)]),
  Relu: named,
  Relu6: named,
  Selu: named,
  Sigmoid: named,
  Softmax: named,
  Softplus: named,
  Softsign: named,
  Tanh: named,
};
