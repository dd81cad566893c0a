import { InvalidArgumentError } from 'commander';
import { GatewayError } from '../../errors.ts';
import { type FeatureSet, type Statistic, statistics } from '../../models/manifest.ts';

/** What tells most of values that drift and jump, and of machines that shake. */
const sets: Readonly<Record<'level' | 'vibration', readonly Statistic[]>> = {
  level: ['mean', 'logStd', 'min', 'max', 'slope', 'logRoughness'],
  vibration: ['logRms', 'crest', 'kurtosis', 'skewness'],
};
const octaves = 8;

/** `undefined`: the samples themselves. */
export function featureSet(
  text: string,
  bandsHz: FeatureSet['bandsHz'] | undefined,
  rateHz: number,
): FeatureSet | undefined {
  if (text === 'raw') return undefined;
  if (text === 'level') return { statistics: sets.level, bandsHz: bandsHz ?? [] };
  if (text === 'vibration') return { statistics: sets.vibration, bandsHz: bandsHz ?? octavesOf(rateHz) };
  const names = text.split(',').map((name) => {
    const known = statistics.find((each) => each === name.trim());
    if (known) return known;
    throw new GatewayError(
      'REQUEST_INVALID',
      `Expected features of ${statistics.join(', ')} but received ${name}`,
    );
  });
  return { statistics: names, bandsHz: bandsHz ?? [] };
}

/** Each twice as wide as the one below it, up to half the rate. */
function octavesOf(rateHz: number): FeatureSet['bandsHz'] {
  const top = rateHz / 2;
  return Array.from({ length: octaves }, (_, i) => {
    const from = i === 0 ? 0 : top / 2 ** (octaves - i);
    return [from, top / 2 ** (octaves - 1 - i)] as const;
  });
}

export function bandsOf(text: string): FeatureSet['bandsHz'] {
  return text.split(',').map((part) => {
    const [from = Number.NaN, to = Number.NaN, ...more] = part.split('-').map(Number);
    if (more.length > 0 || !(from >= 0 && to > from)) {
      throw new InvalidArgumentError(`Expected bands as 0-500,500-2000 but received ${part}`);
    }
    return [from, to] as const;
  });
}
