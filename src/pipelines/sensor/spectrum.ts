import FFT from 'fft.js';

const longest = 4096;
const transforms = new Map<number, { fft: FFT; window: Float64Array; power: number }>();

export interface Spectrum {
  /** Mean power of each frequency from 0; the bins are `rateHz / size` apart. */
  readonly power: Float64Array;
  readonly size: number;
}

/**
 * Power spectrum by Welch's method (IEEE Trans. Audio Electroacoust. 15, 1967): Hann windows that overlap by
 * half, the longest power of two that fits, up to 4,096 samples. The sum of all bins is about the variance.
 */
export function powerSpectrum(samples: Float64Array): Spectrum {
  const size = 2 ** Math.floor(Math.log2(Math.max(2, Math.min(samples.length, longest))));
  const { fft, window, power: norm } = transformOf(size);
  const power = new Float64Array(size / 2);
  const input = new Array<number>(size);
  const output = fft.createComplexArray();
  const starts: number[] = [];
  for (let at = 0; at + size <= samples.length; at += size / 2) starts.push(at);
  // The end counts as much as the beginning.
  if ((starts.at(-1) ?? 0) + size < samples.length) starts.push(samples.length - size);
  for (const start of starts) {
    let mean = 0;
    for (let i = 0; i < size; i++) mean += (samples[start + i] ?? 0) / size;
    for (let i = 0; i < size; i++) input[i] = ((samples[start + i] ?? 0) - mean) * (window[i] ?? 0);
    fft.realTransform(output, input);
    for (let bin = 0; bin < power.length; bin++) {
      const [real, imaginary] = [output[2 * bin] ?? 0, output[2 * bin + 1] ?? 0];
      const both = bin === 0 ? 1 : 2;
      power[bin] = (power[bin] ?? 0) + (both * (real * real + imaginary * imaginary)) / norm / starts.length;
    }
  }
  return { power, size };
}

function transformOf(size: number) {
  let transform = transforms.get(size);
  if (!transform) {
    const window = Float64Array.from(
      { length: size },
      (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / size),
    );
    const power = size * window.reduce((sum, value) => sum + value * value, 0);
    transform = { fft: new FFT(size), window, power };
    transforms.set(size, transform);
  }
  return transform;
}
