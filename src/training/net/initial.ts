import { seeded } from '../random.ts';
import { type Convolution, type Layers, type Parameter, type Parameters, parametersOf } from './layers.ts';

/** The first weights of all convolutions of a net: normal ones after He et al. (2015). The same seed, the same. */
export function initialParameters(describe: (layers: Layers) => void, seed: number): Parameters {
  const random = seeded(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const parameters = new Map<string, Parameter>();
  const vector = (size: number, value: number) => ({
    dims: [size],
    data: new Float32Array(size).fill(value),
  });
  const convolution = (input: string, shape: Convolution): string => {
    const { name, from, to, size, normalised = true, gain = 1, bias = 0 } = shape;
    const names = parametersOf(name);
    const deviation = Math.sqrt(2 / (from * size * size)) * (normalised ? 1 : gain);
    parameters.set(names.kernel, {
      dims: [to, from, size, size],
      data: Float32Array.from({ length: to * from * size * size }, () => normal() * deviation),
    });
    if (normalised) parameters.set(names.scale, vector(to, gain));
    parameters.set(names.shift, vector(to, bias));
    return input;
  };
  describe({ convolution, relu: (input) => input, sum: (a) => a });
  return parameters;
}
