import { intAttribute, type Node } from '../graph.ts';
import { makeNode } from '../passes/rewrite.ts';
import type { Conversion, Step } from './convert.ts';

const reductions = ['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'];

/** What changed in ONNX's operators from operator set 18 to 22, said in the words of 17. */
export const downgrades: readonly Step[] = [
  ...reductions.map((name): Step => ({ op: `Reduce${name}`, from: 18, convert: axesToAttribute })),
  { op: 'Split', from: 18, convert: split },
  { op: 'Pad', from: 18, convert: pad },
  { op: 'Resize', from: 18, convert: resize },
  { op: 'Mish', from: 18, convert: mish },
  { op: 'GroupNormalization', from: 18, convert: groupNormalization },
  { op: 'Cast', from: 19, convert: without('saturate', 'round_mode') },
  { op: 'QuantizeLinear', from: 19, convert: quantizeLinear },
  { op: 'DequantizeLinear', from: 21, convert: quantizeLinear },
  { op: 'AveragePool', from: 19, convert: averagePool },
  { op: 'GridSample', from: 20, convert: gridSample },
  { op: 'Gelu', from: 20, convert: gelu },
];

function without(...names: readonly string[]): Step['convert'] {
  return (node) => [dropAttributes(node, names)];
}

function dropAttributes(node: Node, names: readonly string[]): Node {
  const left = Object.entries(node.attributes).filter(([name]) => !names.includes(name));
  return { ...node, attributes: Object.fromEntries(left) };
}

/** A reduction over nothing gives what it takes. */
const unchanged = new Set(['ReduceMax', 'ReduceMean', 'ReduceMin', 'ReduceProd']);

function axesToAttribute(node: Node, { numbers, refuse }: Conversion): Node[] {
  const [data = '', axesName = ''] = node.inputs;
  const { noop_with_empty_axes: _, ...attributes } = node.attributes;
  const axes = axesName === '' ? [] : numbers(axesName);
  if (axes === undefined) return refuse(node, 'axes that are constant');
  if (axes.length > 0)
    return [{ ...node, inputs: [data], attributes: { ...attributes, axes: { ints: axes } } }];
  if (intAttribute(node, 'noop_with_empty_axes', 0) === 0) return [{ ...node, inputs: [data], attributes }];
  // Of a sum of squares or logarithms it is not agreed what is left when nothing is summed.
  if (!unchanged.has(node.op)) return refuse(node, 'axes to reduce');
  return [makeNode('Identity', [data], node.outputs)];
}

/** A number of parts is one output each; 17 has no parts of unequal size unless it is told the sizes. */
function split(node: Node, { constantInts, shape, refuse }: Conversion): Node[] {
  const even = dropAttributes(node, ['num_outputs']);
  if ((node.inputs[1] ?? '') !== '') return [even];
  const parts = node.outputs.length;
  const sizes = shape(node.inputs[0] ?? '');
  const size = sizes?.at(intAttribute(node, 'axis', 0));
  if (typeof size !== 'number') return refuse(node, 'a known size of the axis');
  if (size % parts === 0) return [even];
  const chunk = Math.ceil(size / parts);
  const lengths = node.outputs.map((_, i) => Math.max(0, Math.min(chunk, size - i * chunk)));
  const name = constantInts(`${node.outputs[0]}_split`, lengths);
  return [{ ...even, inputs: [node.inputs[0] ?? '', name] }];
}

/** Some axes, or all of them. */
function pad(node: Node, { numbers, constantInts, shape, refuse }: Conversion): Node[] {
  const mode = node.attributes.mode;
  if (mode !== undefined && 'string' in mode && mode.string === 'wrap')
    return refuse(node, 'a mode other than wrap');
  const [data = '', padsName = '', value = '', axesName = ''] = node.inputs;
  const inputs = value === '' ? [data, padsName] : [data, padsName, value];
  if (axesName === '') return [{ ...node, inputs }];
  const [axes, pads, sizes] = [numbers(axesName), numbers(padsName), shape(data)];
  if (!axes || !pads || !sizes) return refuse(node, 'pads and axes that are constant');
  const all = new Array<number>(sizes.length * 2).fill(0);
  for (const [i, each] of axes.entries()) {
    const axis = each < 0 ? each + sizes.length : each;
    all[axis] = pads[i] ?? 0;
    all[axis + sizes.length] = pads[i + axes.length] ?? 0;
  }
  return [{ ...node, inputs: [data, constantInts(`${node.outputs[0]}_pads`, all), ...inputs.slice(2)] }];
}

function resize(node: Node, { numbers, constant, constantInts, shape, refuse }: Conversion): Node[] {
  const policy = node.attributes.keep_aspect_ratio_policy;
  const mode = node.attributes.coordinate_transformation_mode;
  if (intAttribute(node, 'antialias', 0) !== 0) return refuse(node, 'no antialias');
  if (policy !== undefined && 'string' in policy && policy.string !== 'stretch') {
    return refuse(node, 'keep_aspect_ratio_policy stretch');
  }
  if (mode !== undefined && 'string' in mode && mode.string === 'half_pixel_symmetric') {
    return refuse(node, `another coordinate_transformation_mode than ${mode.string}`);
  }
  const plain = dropAttributes(node, ['antialias', 'keep_aspect_ratio_policy', 'axes']);
  const { axes } = node.attributes;
  if (axes === undefined || !('ints' in axes)) return [plain];
  const [data = '', roi = '', scalesName = '', sizesName = ''] = node.inputs;
  const dims = shape(data);
  const given = numbers(sizesName === '' ? scalesName : sizesName);
  if (roi !== '' || given === undefined || dims === undefined)
    return refuse(node, 'constant scales or sizes');
  const all = dims.map((size) => (sizesName === '' ? 1 : size));
  for (const [i, axis] of axes.ints.entries()) all[axis < 0 ? axis + dims.length : axis] = given[i] ?? 1;
  if (!all.every((size) => typeof size === 'number')) return refuse(node, 'known sizes');
  const numbersOfAll = all as number[];
  if (sizesName !== '') {
    return [{ ...plain, inputs: [data, '', '', constantInts(`${node.outputs[0]}_sizes`, numbersOfAll)] }];
  }
  const scales = { type: 'float32', dims: [all.length], data: Float32Array.from(numbersOfAll) } as const;
  return [{ ...plain, inputs: [data, '', constant(`${node.outputs[0]}_scales`, scales)] }];
}

/** `x * tanh(softplus(x))`; https://arxiv.org/abs/1908.08681 */
function mish(node: Node, { fresh }: Conversion): Node[] {
  const [x = ''] = node.inputs;
  const [softplus, tanh] = [fresh(`${node.outputs[0]}_softplus`), fresh(`${node.outputs[0]}_tanh`)];
  return [
    makeNode('Softplus', [x], [softplus]),
    makeNode('Tanh', [softplus], [tanh]),
    makeNode('Mul', [x, tanh], node.outputs),
  ];
}

/** `x / 2 * (1 + erf(x / sqrt(2)))`, or its approximation by tanh; https://arxiv.org/abs/1606.08415 */
function gelu(node: Node, { fresh, scalar, refuse }: Conversion): Node[] {
  const { approximate } = node.attributes;
  if (approximate !== undefined && 'string' in approximate && approximate.string !== 'none') {
    return refuse(node, 'approximate none');
  }
  const [x = ''] = node.inputs;
  const name = (part: string) => fresh(`${node.outputs[0]}_${part}`);
  const [scaled, erf, sum, half] = [name('scaled'), name('erf'), name('sum'), name('half')];
  return [
    makeNode('Mul', [x, scalar('gelu_scale', Math.SQRT1_2)], [scaled]),
    makeNode('Erf', [scaled], [erf]),
    makeNode('Add', [erf, scalar('gelu_one', 1)], [sum]),
    makeNode('Mul', [x, scalar('gelu_half', 0.5)], [half]),
    makeNode('Mul', [half, sum], node.outputs),
  ];
}

/** Instance normalization of each group, then scale and bias a channel (a group in 18 to 20). */
function groupNormalization(node: Node, conversion: Conversion): Node[] {
  const { fresh, constant, constantInts, shape, floats, refuse, opset } = conversion;
  const [x = '', scaleName = '', biasName = ''] = node.inputs;
  const dims = shape(x);
  const channels = dims?.[1];
  const groups = intAttribute(node, 'num_groups', 1);
  const [scale, bias] = [floats(scaleName), floats(biasName)];
  if (!dims || typeof channels !== 'number' || !scale || !bias)
    return refuse(node, 'constant scale and bias');
  const name = (part: string) => fresh(`${node.outputs[0]}_${part}`);
  const each = (data: Float32Array, part: string) => {
    const repeat = opset < 21 ? channels / groups : 1;
    const all = Float32Array.from({ length: channels }, (_, i) => data[Math.floor(i / repeat)] ?? 0);
    const sizes = [channels, ...dims.slice(2).map(() => 1)];
    return constant(`${node.outputs[0]}_${part}`, { type: 'float32', dims: sizes, data: all });
  };
  const ones = constant(`${node.outputs[0]}_ones`, filled(groups, 1));
  const zeros = constant(`${node.outputs[0]}_zeros`, filled(groups, 0));
  const [grouped, normal, back, scaled, sizes] = [
    name('grouped'),
    name('normal'),
    name('back'),
    name('scaled'),
    name('shape'),
  ];
  return [
    makeNode('Shape', [x], [sizes]),
    makeNode('Reshape', [x, constantInts(`${node.outputs[0]}_groups`, [0, groups, -1])], [grouped]),
    makeNode('InstanceNormalization', [grouped, ones, zeros], [normal], {
      epsilon: node.attributes.epsilon ?? { float: 1e-5 },
    }),
    makeNode('Reshape', [normal, sizes], [back]),
    makeNode('Mul', [back, each(scale, 'scale')], [scaled]),
    makeNode('Add', [scaled, each(bias, 'bias')], node.outputs),
  ];
}

function filled(length: number, value: number) {
  return { type: 'float32', dims: [length], data: new Float32Array(length).fill(value) } as const;
}

function quantizeLinear(node: Node, { refuse, constant }: Conversion): Node[] {
  if (intAttribute(node, 'block_size', 0) !== 0) return refuse(node, 'a scale a tensor or a channel');
  const plain = dropAttributes(node, ['block_size', 'output_dtype', 'saturate', 'precision']);
  const wanted = intAttribute(node, 'output_dtype', 0);
  if (wanted === 0 || (node.inputs[2] ?? '') !== '' || wanted === 2 || node.op === 'DequantizeLinear')
    return [plain];
  if (wanted !== 3) return refuse(node, 'output_dtype uint8 or int8');
  const zero = constant(`${node.outputs[0]}_zero`, { type: 'int8', dims: [], data: Int8Array.of(0) });
  return [{ ...plain, inputs: [...node.inputs.slice(0, 2), zero] }];
}

function averagePool(node: Node, { refuse }: Conversion): Node[] {
  const { dilations } = node.attributes;
  const dilated = dilations !== undefined && 'ints' in dilations && dilations.ints.some((step) => step !== 1);
  return dilated ? refuse(node, 'dilations of 1') : [dropAttributes(node, ['dilations'])];
}

function gridSample(node: Node): Node[] {
  const { mode } = node.attributes;
  const names: Readonly<Record<string, string>> = { linear: 'bilinear', cubic: 'bicubic' };
  const given = mode !== undefined && 'string' in mode ? mode.string : 'linear';
  return [{ ...node, attributes: { ...node.attributes, mode: { string: names[given] ?? given } } }];
}
