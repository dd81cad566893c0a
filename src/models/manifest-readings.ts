import { type Manifest, type ReadingsInput, statistics } from './manifest.ts';
import { invalid, list, number, object, oneOf, type Reader, text } from './manifest-readers.ts';

const perColumn = (options: { min?: number } = {}) => list(number(options), { min: 1, max: 65_536 });

/** A scale of 0 would divide by it. */
const tiny = 1e-30;

const band: Reader<readonly [number, number]> = (value, path) => {
  const [from = 0, to = 0, ...more] = list(number({ min: 0 }), { max: 2 })(value, path);
  if (!(to > from) || more.length > 0) throw invalid('[from, to] in Hz', path, value);
  return [from, to];
};

export const readingsInput: Reader<ReadingsInput> = object(
  {
    kind: oneOf('autoencoder', 'forecaster', 'classifier'),
    align: oneOf('stream', 'message'),
    rateHz: number({ min: 1e-6, max: 1e7 }),
    window: number({ min: 2, max: 2 ** 20, integer: true }),
    stride: number({ min: 1, max: 2 ** 20, integer: true }),
    channels: list(text({ max: 64 }), { min: 1, max: 64 }),
    mean: perColumn(),
    scale: perColumn({ min: tiny }),
  },
  {
    horizon: number({ min: 1, max: 2 ** 20, integer: true }),
    features: object(
      {
        statistics: list(oneOf(...statistics), { max: statistics.length }),
        bandsHz: list(band, { max: 256 }),
      },
      {},
    ),
  },
);

/**
 * What goes in has as many numbers as the net takes.
 * @throws BUNDLE_INVALID
 */
export function checkReadings({ readings, inputs }: Manifest): void {
  if (readings === undefined) return;
  const { kind, window, channels, features, horizon, mean, scale } = readings;
  if ((kind === 'forecaster') !== (horizon !== undefined) || (horizon ?? 0) >= window) {
    throw invalid('a horizon below the window for a forecaster alone', 'readings.horizon', horizon);
  }
  if (kind === 'forecaster' && features) throw invalid('no features of a forecaster', 'readings', features);
  const each = features ? features.statistics.length + features.bandsHz.length : window - (horizon ?? 0);
  const normal = features ? channels.length * each : channels.length;
  for (const [name, list] of Object.entries({ mean, scale })) {
    if (list.length !== normal) throw invalid(`${normal} numbers`, `readings.${name}`, list);
  }
  const [input, ...more] = Object.values(inputs);
  if (input?.kind !== 'tensor' || input.type !== 'float32' || more.length > 0) {
    throw invalid('one tensor of float32 for readings', 'inputs', Object.keys(inputs));
  }
  const size = input.shape.reduce((product, side) => product * side, 1);
  if (size !== channels.length * each) {
    throw invalid(`${channels.length * each} numbers for readings`, 'the input', input.shape);
  }
}
