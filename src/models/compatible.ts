import { isDeepStrictEqual } from 'node:util';
import { GatewayError } from '../errors.ts';
import { Image } from '../image.ts';
import type { Manifest, PictureInput, TensorInput } from './manifest.ts';
import type { Tensors } from './model.ts';

/**
 * Whether pipelines that work with `before` can go on with `after`: it takes what they send and gives, under the
 * same names, what they read. Sizes of pictures may differ, they are resized; so may the number of classes.
 * @throws MODEL_INCOMPATIBLE
 */
export function checkCompatible(before: Manifest, after: Manifest): void {
  if (after.name !== before.name) throw incompatible(before.name, 'the name of the model', after.name);
  for (const [name, input] of Object.entries(after.inputs)) {
    const known = before.inputs[name];
    // A picture finds its input by its kind, numbers by the name.
    const fits =
      input.kind === 'picture'
        ? Object.values(before.inputs).some(({ kind }) => kind === 'picture')
        : isDeepStrictEqual(input, known);
    if (!fits) throw incompatible(known ? shapeOf(known) : 'no such input', `input ${name}`, shapeOf(input));
  }
  for (const [name, { kind }] of Object.entries(before.outputs)) {
    const received = after.outputs[name]?.kind ?? 'none';
    // Only plain numbers are read under the name of their output.
    const fits =
      kind === 'tensor'
        ? received === kind
        : Object.values(after.outputs).some((output) => output.kind === kind);
    if (!fits) throw incompatible(kind, `output ${name}`, received);
  }
}

/**
 * A batch is of one kind, so the wrong one must not get into the queue.
 * @throws REQUEST_INVALID
 */
export function checkKind({ name, inputs }: Manifest, input: Image | Tensors): void {
  const wanted = Object.values(inputs)[0]?.kind ?? 'tensor';
  const given = input instanceof Image ? 'picture' : 'tensor';
  if (given === wanted) return;
  throw new GatewayError('REQUEST_INVALID', `Expected a ${wanted} for model ${name} but received a ${given}`);
}

function shapeOf(input: PictureInput | TensorInput): string {
  return input.kind === 'picture' ? 'a picture' : `${input.type} [N,${input.shape}]`;
}

function incompatible(expected: string, what: string, received: string): GatewayError {
  return new GatewayError(
    'MODEL_INCOMPATIBLE',
    `Expected ${expected} for ${what} but received ${received}: the pipelines of the version before need it`,
  );
}
