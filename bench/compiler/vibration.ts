import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { shared } from './pictures.ts';

/** As of the autoencoder's training on sound: frames of 1,024 samples, every 512, in 128 bands, 5 at a time. */
const frame = 1024;
const hop = 512;
const bands = 128;
const frames = 5;
const rate = 16_000;
/** Of a recording, at most. */
const most = 48;

/** Of each recording of a bearing what the autoencoder would be given if it were sound: rows of 640 numbers. */
export async function vibrationFeatures(): Promise<Float32Array[][]> {
  const folder = join(shared, 'data/sensors/cwru');
  const names = (await readdir(folder)).filter((name) => name.endsWith('.npz')).sort();
  return Promise.all(names.map(async (name) => features(signalOf(await readFile(join(folder, name))))));
}

function features(signal: Float64Array): Float32Array[] {
  const filters = melFilters();
  const spectra: Float32Array[] = [];
  for (let start = 0; start + frame <= signal.length && spectra.length < most + frames; start += hop) {
    const power = powerSpectrum(signal.subarray(start, start + frame));
    spectra.push(
      Float32Array.from(filters, (filter) => {
        const energy = filter.reduce((sum, [bin, weight]) => sum + weight * (power[bin] ?? 0), 0);
        return 10 * Math.log10(energy + Number.EPSILON);
      }),
    );
  }
  return spectra.slice(frames - 1).map((_, i) => {
    const row = new Float32Array(frames * bands);
    for (let k = 0; k < frames; k++) row.set(spectra[i + k] ?? [], k * bands);
    return row;
  });
}

/** Triangles of equal area, evenly over the mel scale: of each the bins that it weighs. */
function melFilters(): (readonly [bin: number, weight: number])[][] {
  const top = mel(rate / 2);
  const edges = Array.from({ length: bands + 2 }, (_, i) => frequency((top * i) / (bands + 1)));
  return Array.from({ length: bands }, (_, band) => {
    const [low = 0, middle = 0, high = 0] = edges.slice(band, band + 3);
    const weights: [number, number][] = [];
    for (let bin = 0; bin <= frame / 2; bin++) {
      const at = (bin * rate) / frame;
      const height = Math.min((at - low) / (middle - low), (high - at) / (high - middle));
      if (height > 0) weights.push([bin, (2 * height) / (high - low)]);
    }
    return weights;
  });
}

const mel = (hertz: number): number => 2595 * Math.log10(1 + hertz / 700);
const frequency = (mels: number): number => 700 * (10 ** (mels / 2595) - 1);

/** Under a Hann window, by a Fourier transform in place (Cooley and Tukey). */
function powerSpectrum(samples: Float64Array): Float64Array {
  const n = samples.length;
  const bits = Math.log2(n);
  const [re, im] = [new Float64Array(n), new Float64Array(n)];
  for (let i = 0; i < n; i++) {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit++) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
    re[reversed] = (samples[i] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / n));
  }
  for (let half = 1; half < n; half *= 2) {
    for (let k = 0; k < half; k++) {
      const [cos, sin] = [Math.cos((Math.PI * k) / half), -Math.sin((Math.PI * k) / half)];
      for (let a = k; a < n; a += 2 * half) {
        const b = a + half;
        const x = cos * (re[b] ?? 0) - sin * (im[b] ?? 0);
        const y = cos * (im[b] ?? 0) + sin * (re[b] ?? 0);
        [re[b], im[b]] = [(re[a] ?? 0) - x, (im[a] ?? 0) - y];
        [re[a], im[a]] = [(re[a] ?? 0) + x, (im[a] ?? 0) + y];
      }
    }
  }
  return re.map((x, i) => x * x + (im[i] ?? 0) ** 2).subarray(0, n / 2 + 1);
}

/** The first array of an archive of NumPy (a ZIP of arrays), of doubles. */
function signalOf(archive: Buffer): Float64Array {
  // The record at the end says where the directory is, and that where the first member is.
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  const entry = archive.readUInt32LE(end + 16);
  const [method, size, header] = [
    archive.readUInt16LE(entry + 10),
    archive.readUInt32LE(entry + 20),
    archive.readUInt32LE(entry + 42),
  ];
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const stored = archive.subarray(start, start + size);
  const array = method === 0 ? stored : inflateRawSync(stored);
  const text = array.toString('latin1', 10, 10 + array.readUInt16LE(8));
  if (!text.includes("'<f8'")) throw new TypeError(`Expected doubles but received ${text}`);
  return new Float64Array(new Uint8Array(array.subarray(10 + text.length)).buffer);
}
