import { asGatewayError, GatewayError } from '../../errors.ts';
import type { Attribute, Body, Graph, Node, Value } from '../graph.ts';
import { type TensorType, tensorTypes } from '../tensor.ts';
import { decode, encode } from './codec.ts';
import type {
  AttributeProto,
  DimensionProto,
  GraphProto,
  ModelProto,
  NodeProto,
  TypeProto,
  ValueInfoProto,
} from './schema.ts';
import { attributeTypes, model } from './schema.ts';
import { readTensor, typeOfCode, writeTensor } from './tensor-proto.ts';

/** IR 8 is that of opsets 15 to 18: old enough for every runtime of the last years. */
const irVersion = 8n;

/**
 * The graph of an ONNX file.
 * @throws COMPILE_FAILED if the bytes are no ONNX model, or one with parts that the compiler cannot hold:
 * functions, sparse or string constants, data in other files.
 */
export function readModel(file: Uint8Array): Graph {
  let proto: ModelProto;
  try {
    proto = decode(model, file);
  } catch (cause) {
    const { message } = asGatewayError(cause, 'COMPILE_FAILED');
    const text = `Expected ONNX or TFLite but received bytes that are neither: ${message}`;
    throw new GatewayError('COMPILE_FAILED', text, { cause });
  }
  if (proto.graph === undefined) throw unsupported('an ONNX model', 'the file', 'one without a graph');
  if (proto.functions !== undefined) throw unsupported('no functions', 'the model', 'some');
  const opsets = (proto.opsetImport ?? []).map(({ domain, version }) => [domain ?? '', Number(version ?? 1)]);
  return { opsets: Object.fromEntries(opsets), ...readBody(proto.graph) };
}

/** The graph as an ONNX file; the same graph makes the same bytes. */
export function writeModel(graph: Graph): Uint8Array {
  const opsets = Object.entries(graph.opsets).sort(([a], [b]) => (a < b ? -1 : 1));
  return encode(model, {
    irVersion,
    producerName: 'edgeward',
    graph: writeBody(graph),
    opsetImport: opsets.map(([domain, version]) => ({ domain, version: BigInt(version) })),
  });
}

function readBody(proto: GraphProto): Body {
  if (proto.sparseInitializer !== undefined) throw unsupported('dense constants', 'the graph', 'sparse ones');
  const initializers = new Map((proto.initializer ?? []).map((each) => [each.name ?? '', readTensor(each)]));
  return {
    name: proto.name ?? '',
    nodes: (proto.node ?? []).map(readNode),
    initializers,
    // Before IR 4 every constant stood among the inputs too.
    inputs: (proto.input ?? []).map(readValue).filter(({ name }) => !initializers.has(name)),
    outputs: (proto.output ?? []).map(readValue),
  };
}

function writeBody(body: Body): GraphProto {
  return {
    name: body.name,
    node: body.nodes.map(writeNode),
    initializer: [...body.initializers].map(([name, tensor]) => writeTensor(name, tensor)),
    input: body.inputs.map(writeValue),
    output: body.outputs.map(writeValue),
  };
}

function readNode(proto: NodeProto): Node {
  return {
    op: proto.opType ?? '',
    domain: proto.domain ?? '',
    name: proto.name ?? '',
    inputs: proto.input ?? [],
    outputs: proto.output ?? [],
    attributes: Object.fromEntries(
      (proto.attribute ?? []).map((each) => [each.name ?? '', readAttribute(each)]),
    ),
  };
}

function writeNode(node: Node): NodeProto {
  return {
    opType: node.op,
    ...(node.domain === '' ? {} : { domain: node.domain }),
    name: node.name,
    input: node.inputs,
    output: node.outputs,
    attribute: Object.entries(node.attributes).map(([name, attribute]) => writeAttribute(name, attribute)),
  };
}

const fromUtf8 = new TextDecoder();
const toUtf8 = new TextEncoder();

function readAttribute(proto: AttributeProto): Attribute {
  switch (proto.type) {
    case attributeTypes.float:
      return { float: proto.f ?? 0 };
    case attributeTypes.int:
      return { int: Number(proto.i ?? 0n) };
    case attributeTypes.string:
      return { string: fromUtf8.decode(proto.s) };
    case attributeTypes.tensor:
      return { tensor: readTensor(proto.t ?? {}) };
    case attributeTypes.graph:
      return { graph: readBody(proto.g ?? {}) };
    case attributeTypes.floats:
      return { floats: proto.floats ?? [] };
    case attributeTypes.ints:
      return { ints: (proto.ints ?? []).map(Number) };
    case attributeTypes.strings:
      return { strings: (proto.strings ?? []).map((each) => fromUtf8.decode(each)) };
    default:
      throw unsupported(
        'numbers, strings, a tensor or a graph',
        `attribute ${proto.name}`,
        `type ${proto.type}`,
      );
  }
}

function writeAttribute(name: string, attribute: Attribute): AttributeProto {
  const { float, int, string, tensor, graph, floats, ints, strings } = attributeTypes;
  if ('float' in attribute) return { name, type: float, f: attribute.float };
  if ('int' in attribute) return { name, type: int, i: saturated(attribute.int) };
  if ('string' in attribute) return { name, type: string, s: toUtf8.encode(attribute.string) };
  if ('tensor' in attribute) return { name, type: tensor, t: writeTensor('', attribute.tensor) };
  if ('graph' in attribute) return { name, type: graph, g: writeBody(attribute.graph) };
  if ('floats' in attribute) return { name, type: floats, floats: attribute.floats };
  if ('ints' in attribute) return { name, type: ints, ints: attribute.ints.map(saturated) };
  return { name, type: strings, strings: attribute.strings.map((each) => toUtf8.encode(each)) };
}

/** Exporters write "to the end" as the greatest int64, which as a double is one too much. */
function saturated(value: number): bigint {
  const wide = BigInt(value);
  const limit = 2n ** 63n;
  if (wide >= limit) return limit - 1n;
  return wide < -limit ? -limit : wide;
}

function readValue(proto: ValueInfoProto): Value {
  const name = proto.name ?? '';
  const tensorType = proto.type?.tensorType;
  if (tensorType?.elemType === undefined) return { name };
  const type = typeOfCode(tensorType.elemType, `value ${name}`);
  return tensorType.shape === undefined
    ? { name, type }
    : { name, type, shape: (tensorType.shape.dim ?? []).map(readDimension) };
}

function writeValue({ name, type, shape }: Value): ValueInfoProto {
  return type === undefined ? { name } : { name, type: writeType(type, shape) };
}

function writeType(type: TensorType, shape: Value['shape']): TypeProto {
  const elemType = tensorTypes[type].code;
  return {
    tensorType: shape === undefined ? { elemType } : { elemType, shape: { dim: shape.map(writeDimension) } },
  };
}

function readDimension({ dimValue, dimParam }: DimensionProto): number | string | null {
  return dimValue === undefined ? (dimParam ?? null) : Number(dimValue);
}

function writeDimension(size: number | string | null): DimensionProto {
  if (size === null) return {};
  return typeof size === 'number' ? { dimValue: BigInt(size) } : { dimParam: size };
}

function unsupported(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('COMPILE_FAILED', `Expected ${expected} for ${what} but received ${received}`);
}
