import type { Convolution, Layers } from '../net/layers.ts';
import type { NetDescription } from '../net/learner.ts';

/** Channels at strides 2, 4 and 8. */
const [at2, at4, at8] = [16, 32, 48] as const;

/**
 * `[N, 1, height, width]` standardised -> logits `[N, 1, height / 8, width / 8]`, above 0 where it is bad. Sees about
 * 80 pixels around each place: three steps down and two residual blocks (He et al., 2016). Defects that fill half of
 * a part others find; this one is for those of a few pixels.
 */
export const describeSpotNet: NetDescription = (layers, picture) => {
  const fine = active(layers, picture, { name: 'stride2', from: 1, to: at2, size: 5, stride: 2 });
  const finer = active(layers, fine, { name: 'stride4', from: at2, to: at4, size: 3, stride: 2 });
  const coarse = active(layers, finer, { name: 'stride8', from: at4, to: at8, size: 3, stride: 2 });
  const around = residual(layers, residual(layers, coarse, 'near', at8), 'far', at8);
  // Most places are good: the net begins with that.
  const logits = { from: at8, to: 1, size: 1, normalised: false, gain: 0.5, bias: -2 };
  return layers.convolution(around, { name: 'logits', ...logits });
};

function active(layers: Layers, input: string, shape: Convolution): string {
  return layers.relu(layers.convolution(input, shape));
}

/** Begins as if it were not there. */
function residual(layers: Layers, input: string, name: string, channels: number): string {
  const shape = { from: channels, to: channels, size: 3 };
  const inner = active(layers, input, { name: `${name}1`, ...shape });
  return layers.relu(layers.sum(input, layers.convolution(inner, { name: `${name}2`, ...shape, gain: 0 })));
}
