import type { LayersModel } from '@tensorflow/tfjs-layers';
import { loadTensorFlow } from '../backend.ts';
import { seededDropout } from '../dropout.ts';
import type { Examples } from '../examples.ts';
import { classification } from '../losses.ts';
import { initializers } from '../networks.ts';
import { seeded } from '../random.ts';
import { trainModel } from '../train-model.ts';
import { scalesOf } from './gaussian.ts';
import { headLength, type Lessons } from './samples.ts';
import type { PatchHead } from './scoring-graph.ts';

export interface HeadOptions {
  readonly units: number;
  readonly epochs: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** Trains the two layers; what scales every number is folded into the first, so that they take patches as they are. */
export async function trainHead({ rows, spoilt }: Lessons, options: HeadOptions): Promise<PatchHead> {
  const { units, epochs, seed, signal } = options;
  const tensorflow = await loadTensorFlow();
  const { layers, sequential } = tensorflow.layers;
  const noise = seeded(seed);
  const glorot = initializers({ tensorflow, seed, noise });
  const model = sequential({
    layers: [
      layers.inputLayer({ inputShape: [headLength] }),
      seededDropout(tensorflow, { rate: 0.2, random: noise, name: `drop_patch_${seed}` }),
      layers.dense({ units, activation: 'relu', kernelInitializer: glorot() }),
      seededDropout(tensorflow, { rate: 0.3, random: noise, name: `drop_hidden_${seed}` }),
      layers.dense({ units: 2, activation: 'softmax', kernelInitializer: glorot() }),
    ],
  });
  try {
    const { mean, deviation } = scalesOf(rows, headLength);
    await trainModel(tensorflow, model, examplesOf(rows, spoilt, mean, deviation), {
      objective: classification,
      epochs,
      batchSize: 256,
      learningRate: 0.002,
      seed,
      noise,
      ...(signal && { signal }),
    });
    return foldScales(model, mean, deviation, units);
  } finally {
    model.dispose();
  }
}

/** One head whose logit is the mean of theirs: what one of them takes for damage by accident, the others do not. */
export function meanHead(heads: readonly PatchHead[]): PatchHead {
  const joined = (numbers: (head: PatchHead) => Float32Array) =>
    Float32Array.from(heads.flatMap((head) => [...numbers(head)]));
  return {
    hidden: joined(({ hidden }) => hidden),
    hiddenBias: joined(({ hiddenBias }) => hiddenBias),
    last: joined(({ last }) => last.map((weight) => weight / heads.length)),
    lastBias: heads.reduce((sum, { lastBias }) => sum + lastBias, 0) / heads.length,
  };
}

function examplesOf(
  rows: Float32Array,
  spoilt: Uint8Array,
  mean: Float64Array,
  deviation: Float64Array,
): Examples {
  const length = mean.length;
  return {
    count: spoilt.length,
    take(indices) {
      const data = new Float32Array(indices.length * length);
      for (const [i, index] of indices.entries()) {
        for (let k = 0; k < length; k++) {
          data[i * length + k] = ((rows[index * length + k] ?? 0) - (mean[k] ?? 0)) / (deviation[k] ?? 1);
        }
      }
      const targets = Float32Array.from(indices, (index) => spoilt[index] ?? 0);
      return {
        inputs: { shape: [indices.length, length], data },
        targets: { shape: [indices.length], data: targets },
      };
    },
  };
}

/** Of two classes only the difference of their logits counts. */
function foldScales(
  model: LayersModel,
  mean: Float64Array,
  deviation: Float64Array,
  units: number,
): PatchHead {
  const [kernel, bias, last, lastBias] = model.getWeights().map((weight) => weight.dataSync());
  const length = mean.length;
  const hidden = new Float32Array(units * length);
  const hiddenBias = Float32Array.from(bias ?? []);
  for (let u = 0; u < units; u++) {
    for (let k = 0; k < length; k++) {
      const weight = (kernel?.[k * units + u] ?? 0) / (deviation[k] ?? 1);
      hidden[u * length + k] = weight;
      hiddenBias[u] = (hiddenBias[u] ?? 0) - weight * (mean[k] ?? 0);
    }
  }
  return {
    hidden,
    hiddenBias,
    last: Float32Array.from({ length: units }, (_, u) => (last?.[u * 2 + 1] ?? 0) - (last?.[u * 2] ?? 0)),
    lastBias: (lastBias?.[1] ?? 0) - (lastBias?.[0] ?? 0),
  };
}
