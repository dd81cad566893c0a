import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Range } from '../../compiler/calibrate.ts';
import { type OperatorSpec, type TensorSpec, writeTflite } from '../../compiler/tflite/write.ts';
import type { TensorFlow } from '../backend.ts';
import type { Examples } from '../examples.ts';
import { type Chain, chainOf, type Link } from './chain.ts';
import { type Meaning, meaningOfLink, meaningOfRange, quantizedProduct } from './meanings.ts';
import { filterOf, operatorOf, parameterOf, versionOf } from './operators.ts';
import { rangesOf } from './ranges.ts';

/**
 * A trained sequential model as a `.tflite` file for one example at a time, in float or, with `calibration`, in int8
 * all through, inputs and outputs included.
 * @throws REQUEST_INVALID for a layer that has no counterpart in TFLite.
 */
export function exportTflite(tensorflow: TensorFlow, model: LayersModel, calibration?: Examples): Uint8Array {
  const chain = chainOf(model);
  return chainFile(chain, calibration && rangesOf(tensorflow, chain, calibration));
}

function chainFile({ input, links }: Chain, ranges: readonly Range[] | undefined): Uint8Array {
  const tensors: TensorSpec[] = [];
  const operators: OperatorSpec[] = [];
  const add = (spec: TensorSpec) => tensors.push(spec) - 1;
  const value = (name: string, shape: readonly number[], meaning: Meaning | undefined) =>
    add({ name, shape: [1, ...shape], type: meaning ? 'int8' : 'float32', ...meaning });
  let meaning = ranges?.[0] && meaningOfRange(ranges[0]);
  let current = value('input', input, meaning);
  for (const [i, link] of links.entries()) {
    const read = [current, ...constantsOf(link, meaning).map(add)];
    const range = ranges?.[i + 1];
    meaning = range && meaning && meaningOfLink(link, range, meaning);
    current = value(i === links.length - 1 ? 'output' : `${link.name}/${link.kind}`, link.output, meaning);
    const operator = operatorOf(link);
    operators.push({
      ...operator,
      version: versionOf(operator.op, meaning !== undefined),
      inputs: read,
      outputs: [current],
    });
  }
  return writeTflite({ tensors, operators, inputs: [0], outputs: [current] });
}

function constantsOf(link: Link, input: Meaning | undefined): TensorSpec[] {
  if ('filter' in link) {
    const filter = filterOf(link);
    if (input) return Object.values(quantizedProduct(link, filter, input));
    return [
      { name: `${link.name}/weights`, ...filter },
      { name: `${link.name}/bias`, shape: [link.bias.length], data: link.bias },
    ];
  }
  const parameter = parameterOf(link);
  return parameter ? [parameter] : [];
}
