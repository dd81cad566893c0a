import { floatAttribute, intAttribute, type Node } from '../graph.ts';
import { makeNode } from '../passes/rewrite.ts';
import type { Conversion, Step } from './convert.ts';

/**
 * What changed in ONNX's operators from operator set 7 to 17, as far as a file may say the same in another
 * way; https://github.com/onnx/onnx/blob/main/docs/Changelog.md. Steps run in this order.
 */
export const upgrades: readonly Step[] = [
  { op: 'BatchNormalization', before: 9, convert: batchNormalization },
  { op: 'Scan', before: 9, convert: (node, { refuse }) => refuse(node, 'Scan of operator set 9 or newer') },
  { op: 'Upsample', before: 9, convert: scalesToInput },
  { op: 'Upsample', before: 10, convert: (node) => [{ ...node, op: 'Resize' }] },
  { op: 'Slice', before: 10, convert: attributesToInputs(['starts', 'ends', 'axes']) },
  { op: 'TopK', before: 10, convert: topK },
  { op: 'Dropout', before: 12, convert: dropout },
  { op: 'Resize', before: 11, convert: earlyResize },
  { op: 'Pad', before: 11, convert: pad },
  { op: 'Clip', before: 11, convert: clip },
  { op: 'Scatter', before: 11, convert: (node) => [{ ...node, op: 'ScatterElements' }] },
  { op: 'Squeeze', before: 13, convert: attributesToInputs(['axes']) },
  { op: 'Unsqueeze', before: 13, convert: attributesToInputs(['axes']) },
  { op: 'ReduceSum', before: 13, convert: attributesToInputs(['axes']) },
  { op: 'Split', before: 13, convert: attributesToInputs(['split']) },
  { op: 'Softmax', before: 13, convert: flatSoftmax },
  { op: 'LogSoftmax', before: 13, convert: flatSoftmax },
  { op: 'Hardmax', before: 13, convert: flatSoftmax },
  { op: 'Resize', before: 13, convert: resize },
];

/** Lists of integers that were attributes and became the inputs after those that there are. */
function attributesToInputs(names: readonly string[]): Step['convert'] {
  return (node, { constantInts }) => {
    const inputs = [...node.inputs];
    const attributes = { ...node.attributes };
    for (const [i, name] of names.entries()) {
      const attribute = attributes[name];
      delete attributes[name];
      const list = attribute !== undefined && 'ints' in attribute ? attribute.ints : undefined;
      if (list !== undefined) inputs[i + 1] = constantInts(`${node.outputs[0]}_${name}`, list);
    }
    return [{ ...node, inputs: Array.from(inputs, (name) => name ?? ''), attributes }];
  };
}

function batchNormalization(node: Node, { refuse }: Conversion): Node[] {
  if (intAttribute(node, 'spatial', 1) === 0) return refuse(node, 'one mean a channel');
  const { spatial: _, ...attributes } = node.attributes;
  return [{ ...node, attributes, outputs: node.outputs.slice(0, 1) }];
}

function scalesToInput(node: Node, { constant }: Conversion): Node[] {
  const { scales, ...attributes } = node.attributes;
  const list = scales !== undefined && 'floats' in scales ? scales.floats : [];
  const data = Float32Array.from(list);
  const name = constant(`${node.outputs[0]}_scales`, { type: 'float32', dims: [data.length], data });
  return [{ ...node, inputs: [...node.inputs, name], attributes }];
}

function topK(node: Node, { constantInts }: Conversion): Node[] {
  const { k: _, ...attributes } = node.attributes;
  const k = constantInts(`${node.outputs[0]}_k`, [intAttribute(node, 'k', 1)]);
  return [{ ...node, inputs: [...node.inputs.slice(0, 1), k], attributes }];
}

/** It does nothing in inference; its mask is one of a training that nobody runs here. */
function dropout(node: Node): Node[] {
  return [makeNode('Identity', node.inputs.slice(0, 1), node.outputs.slice(0, 1))];
}

/** Before 11 coordinates were `x / scale`, rounded down where the picture grows and up where it shrinks. */
function earlyResize(node: Node, { numbers }: Conversion): Node[] {
  const [data = '', scales = ''] = node.inputs;
  const shrinks = numbers(scales)?.some((scale) => scale < 1) ?? false;
  const attributes = {
    ...node.attributes,
    coordinate_transformation_mode: { string: 'asymmetric' },
    nearest_mode: { string: shrinks ? 'ceil' : 'floor' },
  };
  return [{ ...node, inputs: [data, '', scales], attributes }];
}

function pad(node: Node, { constant, constantInts }: Conversion): Node[] {
  const { pads, value: _, ...attributes } = node.attributes;
  const sizes = pads !== undefined && 'ints' in pads ? pads.ints : [];
  const inputs = [node.inputs[0] ?? '', constantInts(`${node.outputs[0]}_pads`, sizes)];
  const value = floatAttribute(node, 'value', 0);
  if (value !== 0) {
    const tensor = { type: 'float32', dims: [], data: Float32Array.of(value) } as const;
    inputs.push(constant(`${node.outputs[0]}_value`, tensor));
  }
  return [{ ...node, inputs, attributes }];
}

function clip(node: Node, { constant }: Conversion): Node[] {
  const { min: _, max: __, ...attributes } = node.attributes;
  const limits = ['min', 'max'].map((name) => {
    const limit = node.attributes[name];
    if (limit === undefined || !('float' in limit)) return '';
    const tensor = { type: 'float32', dims: [], data: Float32Array.of(limit.float) } as const;
    return constant(`${node.outputs[0]}_${name}`, tensor);
  });
  return [{ ...node, inputs: [...node.inputs.slice(0, 1), ...limits], attributes }];
}

/**
 * Before 13 the axes from `axis` on were one: the sum went over all of them. The same where only one of them
 * is longer than 1.
 */
function flatSoftmax(node: Node, { fresh, shape }: Conversion): Node[] {
  const [input = ''] = node.inputs;
  const [output = ''] = node.outputs;
  const sizes = shape(input);
  const axis = intAttribute(node, 'axis', 1);
  if (sizes !== undefined) {
    const from = axis < 0 ? axis + sizes.length : axis;
    const wide = sizes.flatMap((size, at) => (at >= from && size !== 1 ? [at] : []));
    const only = from === sizes.length - 1 ? [from] : wide;
    if (only.length === 1) return [{ ...node, attributes: { axis: { int: only[0] ?? from } } }];
  }
  const [flat, soft, dims] = [fresh(`${output}_flat`), fresh(`${output}_soft`), fresh(`${output}_shape`)];
  return [
    makeNode('Shape', [input], [dims]),
    makeNode('Flatten', [input], [flat], { axis: { int: axis } }),
    makeNode(node.op, [flat], [soft], { axis: { int: 1 } }),
    makeNode('Reshape', [soft, dims], [output]),
  ];
}

/** What is not given was an empty tensor, and is a missing input since 13. */
function resize(node: Node, { refuse, numbers }: Conversion): Node[] {
  const mode = node.attributes.coordinate_transformation_mode;
  const text = mode !== undefined && 'string' in mode ? mode.string : 'half_pixel';
  if (text === 'tf_half_pixel_for_nn')
    return refuse(node, `another coordinate_transformation_mode than ${text}`);
  const [data = '', ...rest] = node.inputs;
  const inputs = rest.map((name) => (numbers(name)?.length === 0 ? '' : name));
  // The region of interest says something only where it is cropped to.
  if (text !== 'tf_crop_and_resize') inputs[0] = '';
  return [{ ...node, inputs: [data, ...inputs] }];
}
