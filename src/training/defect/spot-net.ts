import { active, residual } from '../net/blocks.ts';
import type { NetDescription } from '../net/learner.ts';

/** Channels at strides 2, 4 and 8. */
const [at2, at4, at8] = [16, 32, 48] as const;

/**
 * `[N, 1, height, width]` standardised -> logits `[N, 1, height / 8, width / 8]`, above 0 where it is bad. Sees about
 * 80 pixels around each place: three steps down and two residual blocks. Defects that fill half of a part others find
 * (see `describeFieldNet`); this one is for those of a few pixels.
 */
export const describeSpotNet: NetDescription = (layers, picture) => {
  const fine = active(layers, picture, { name: 'stride2', from: 1, to: at2, size: 5, stride: 2 });
  const finer = active(layers, fine, { name: 'stride4', from: at2, to: at4, size: 3, stride: 2 });
  const coarse = active(layers, finer, { name: 'stride8', from: at4, to: at8, size: 3, stride: 2 });
  const near = residual(layers, coarse, { name: 'near', channels: at8, dilation: 1 });
  const around = residual(layers, near, { name: 'far', channels: at8, dilation: 1 });
  // Most places are good: the net begins with that.
  const logits = { from: at8, to: 1, size: 1, normalised: false, gain: 0.5, bias: -2 };
  return layers.convolution(around, { name: 'logits', ...logits });
};
