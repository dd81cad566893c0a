import { asGatewayError, GatewayError } from '../../errors.ts';
import type { Value as GraphValue } from '../graph.ts';
import { GraphBuilder } from '../graph-builder.ts';
import type { Imported, SsdPostprocess } from '../imported.ts';
import { BatchNotFree, NhwcBuilder, type Value } from '../nhwc-builder.ts';
import { cast, typeOf } from '../nhwc-elementwise.ts';
import { sameShape, sizesOf } from '../nhwc-moves.ts';
import { elements } from '../tensor.ts';
import { asOutput, type Call, type Operand } from './call.ts';
import { detectionPostprocess, readPostprocess } from './detection.ts';
import { malformed } from './flat-table.ts';
import { type Net, type Operator, readNet, storedTensor, type TensorInfo } from './model.ts';
import { operators } from './operators.ts';
import { meaningOf, storedBytes, storedFloats } from './stored.ts';

/**
 * The net of a TFLite file, with its own scales where it is quantized. Inputs of int8 take uint8, 128 more;
 * outputs are real numbers, also where the file has bytes that mean them.
 * @throws COMPILE_FAILED, naming operator and tensor, for what cannot be imported and for damaged files.
 */
export function importTflite(file: Uint8Array): Imported {
  const net = readNet(file);
  try {
    return new NetImport(net, file.byteLength, 'N').run([]);
  } catch (error) {
    if (!(error instanceof BatchNotFree)) throw error;
    return new NetImport(net, file.byteLength, 1).run([`The batch is 1, as in the file: ${error.message}`]);
  }
}

/** Constants of a graph may be larger than the file that they come from, which has bytes for some floats. */
const constantsPerByte = 64;

class NetImport {
  readonly #net: Net;
  readonly #size: number;
  readonly #batch: 'N' | 1;
  readonly #graph: GraphBuilder;
  readonly #builder: NhwcBuilder;
  readonly #values = new Map<number, Value>();

  constructor(net: Net, size: number, batch: 'N' | 1) {
    this.#net = net;
    this.#size = size;
    this.#batch = batch;
    this.#graph = new GraphBuilder(
      [...net.inputs, ...net.outputs].map((index) => net.tensors[index]?.name ?? ''),
    );
    this.#builder = new NhwcBuilder(this.#graph);
  }

  run(notes: readonly string[]): Imported {
    const { tensors, operators: all } = this.#net;
    const inputs = this.#net.inputs.map((index) => this.#input(index));
    let postprocess: SsdPostprocess | undefined;
    let outputs = this.#net.outputs;
    for (const operator of all) {
      const call = this.#call(operator);
      if (operator.op === detectionPostprocess) {
        outputs = operator.inputs.slice(0, 2);
        const [boxes = -1, scores = -1] = outputs;
        const names = { boxes: this.#info(boxes).name, scores: this.#info(scores).name };
        postprocess = located(nameOf(call), () => readPostprocess(call, names));
        break;
      }
      this.#define(
        operator,
        located(nameOf(call), () => imported(call)),
      );
      if (this.#graph.bytes > 2 ** 20 + this.#size * constantsPerByte) {
        throw malformed('constants that are read over and over');
      }
    }
    const graph = this.#graph.build({
      name: 'tflite',
      opsets: { '': 17 },
      inputs,
      outputs: outputs.map((index) => located('the output of the net', () => this.#output(index))),
    });
    const quantized = [...this.#net.inputs, ...all.flatMap((each) => each.outputs)].some((index) => {
      const info = tensors[index];
      return info?.quantization !== undefined && (info.type === 'uint8' || info.type === 'int8');
    });
    return { graph, source: 'tflite', quantized, notes, ...(postprocess && { postprocess }) };
  }

  #info(index: number): TensorInfo {
    const info = this.#net.tensors[index];
    if (info === undefined) throw malformed(`tensor ${index} of ${this.#net.tensors.length}`);
    return info;
  }

  #input(index: number): GraphValue {
    const info = this.#info(index);
    const { name, shape: sizes } = info;
    const meaning = meaningOf(info);
    const type = meaning ? 'uint8' : info.type;
    const shape = sizes[0] === 1 && sizes.length > 1 ? [this.#batch, ...sizes.slice(1)] : sizes;
    const value = this.#builder.value(name, { type, shape, ...(meaning && { quantization: meaning }) });
    this.#keep(index, value);
    return { name, type, shape };
  }

  #output(index: number): GraphValue {
    const { name } = this.#info(index);
    const value = this.#value(index);
    const source = this.#builder.nhwc(value);
    if (value.quantization) this.#builder.dequantize(source, value.quantization, name);
    else this.#graph.add('Identity', [source], { output: name });
    return { name, type: typeOf(value), shape: value.shape };
  }

  #call({ op, inputs, outputs, options, customOptions }: Operator): Call {
    return {
      builder: this.#builder,
      op,
      inputs: inputs.map((index) => (index < 0 ? undefined : this.#operand(index))),
      outputs: outputs.map((index) => this.#info(index)),
      options,
      customOptions,
    };
  }

  /** The value is made when it is read: not every operator needs it of a constant, and it may be large. */
  #operand(index: number): Operand {
    const info = this.#info(index);
    const value = () => this.#value(index);
    return {
      info,
      get value() {
        return value();
      },
    };
  }

  #value(index: number): Value {
    const known = this.#values.get(index);
    if (known) return known;
    const info = this.#info(index);
    if (info.data.byteLength === 0 && elements(info.shape) > 0) {
      throw new RangeError(`Expected ${info.label} before it is read but received nothing that gives it`);
    }
    const value = constant(this.#builder, info);
    this.#values.set(index, value);
    return value;
  }

  #define(operator: Operator, values: readonly Value[]): void {
    for (const [i, index] of operator.outputs.entries()) {
      const value = values[i];
      if (value !== undefined) this.#keep(index, value);
    }
  }

  /** Values are given once: what is given again is a cycle, or a damaged file. */
  #keep(index: number, value: Value): void {
    if (this.#values.has(index)) throw malformed(`${this.#info(index).label} given twice`);
    this.#values.set(index, value);
  }
}

function constant(builder: NhwcBuilder, info: TensorInfo): Value {
  const { quantization, type } = info;
  if (quantization === undefined) return builder.constant(storedTensor(info));
  const bytes = (type === 'uint8' || type === 'int8') && quantization.scales.length === 1;
  return bytes ? builder.constant(storedBytes(info), meaningOf(info)) : builder.constant(storedFloats(info));
}

function imported(call: Call): readonly Value[] {
  const importer = operators.get(call.op);
  if (importer === undefined)
    throw new RangeError(`Expected an operator of the list but received ${call.op}`);
  const result = importer(call);
  const values = Array.isArray(result) ? (result as readonly Value[]) : [result as Value];
  if (values.length !== call.outputs.length) {
    throw new RangeError(`Expected ${values.length} outputs but received ${call.outputs.length}`);
  }
  return values.map((value, index) => checked(call, value, index));
}

/** The value as the file describes it: shape, type, bytes or not. */
function checked(call: Call, value: Value, index: number): Value {
  const info = call.outputs[index];
  if (info === undefined || !sameShape(sizesOf(value.shape), info.shape)) {
    throw new RangeError(`Expected the shape [${info?.shape}] but received [${value.shape}]`);
  }
  const result = asOutput(call, value, index);
  return meaningOf(info) ? result : cast(call.builder, result, info.type);
}

function nameOf({ op, outputs: [output] }: Call): string {
  return `${op} that gives ${output?.label ?? 'nothing'}`;
}

/** Whatever goes wrong says where. */
function located<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof GatewayError)) throw error;
    const { message } = asGatewayError(error, 'COMPILE_FAILED');
    throw new GatewayError('COMPILE_FAILED', `${message}, for ${where}`, { cause: error });
  }
}
