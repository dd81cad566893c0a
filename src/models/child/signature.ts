import type { Session, TensorInfo } from '../../compiler/runtime.ts';
import { GatewayError } from '../../errors.ts';
import { detectorOutputs } from '../detector.ts';
import type { Manifest, PictureInput, TensorInput } from '../manifest.ts';

/**
 * The graph takes and gives what its manifest says, and any number of samples at once.
 * @throws MODEL_LOAD_FAILED
 */
export function checkSignature(manifest: Manifest, session: Session): void {
  checkNames('inputs', Object.keys(manifest.inputs), session.inputNames);
  checkNames('outputs', Object.keys(manifest.outputs), session.outputNames);
  for (const info of session.inputs) {
    const input = manifest.inputs[info.name];
    if (input) checkInput(info, input);
  }
  const classes = Object.entries(manifest.outputs).filter(([, { kind }]) => kind === 'classes');
  const read = manifest.detector ? detectorOutputs(manifest.detector) : [];
  const marked = Object.keys(manifest.outputs).filter((name) => manifest.outputs[name]?.kind === 'detector');
  if ([...read].sort().join() !== marked.sort().join()) {
    throw failed(`decoding detector of the outputs ${read}`, 'the manifest', `${marked}`);
  }
  if (classes.length > 1) {
    throw failed('at most one output of classes', 'the manifest', classes.map(([name]) => name).join(', '));
  }
}

function checkNames(what: string, declared: readonly string[], actual: readonly string[]): void {
  const [a, b] = [declared, actual].map((names) => [...names].sort().join(', '));
  if (a !== b) throw failed(`${what} ${a}`, 'the graph', `${b}`);
}

function checkInput({ name, type, shape }: TensorInfo, input: PictureInput | TensorInput): void {
  const [batch, ...sides] = shape;
  if (typeof batch === 'number') throw failed('a free batch dimension', `input ${name}`, `[${shape}]`);
  const declared = input.kind === 'picture' ? pictureShape(input) : input.shape;
  // A side of the graph that is free as well takes whatever the manifest says.
  const fits =
    sides.length === declared.length &&
    sides.every((side, i) => typeof side === 'string' || side === declared[i]);
  if (!fits || type !== input.type) {
    throw failed(`${input.type} [N,${declared}]`, `input ${name} of the graph`, `${type} [${shape}]`);
  }
}

export function pictureShape({ width, height, colour, layout }: PictureInput): readonly number[] {
  const channels = colour === 'grey' ? 1 : 3;
  return layout === 'nhwc' ? [height, width, channels] : [channels, height, width];
}

function failed(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('MODEL_LOAD_FAILED', `Expected ${expected} for ${what} but received ${received}`);
}
