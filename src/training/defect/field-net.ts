import { active, residual } from '../net/blocks.ts';
import type { NetDescription } from '../net/learner.ts';
import { patchNet } from './patch-net.ts';

const { fine, coarse } = patchNet;
/** What it sees of a part: patches of both strides on the grid of the coarse ones. */
export const fieldInput = { channels: fine.channels + coarse.channels, cells: coarse.cells } as const;

const channels = 48;

/**
 * `[N, 216, 16, 16]` in deviations -> logits `[N, 1, 16, 16]`, above 0 where it is bad. Looks at patches of the frozen
 * net and, by windows that reach farther and farther (Yu and Koltun, 2016), at the whole part around each: a field of
 * another texture is told by where it ends.
 */
export const describeFieldNet: NetDescription = (layers, picture) => {
  let seen = active(layers, picture, { name: 'patches', from: fieldInput.channels, to: channels, size: 1 });
  for (const dilation of [1, 2, 4])
    seen = residual(layers, seen, { name: `reach${dilation}`, channels, dilation });
  const logits = { from: channels, to: 1, size: 1, normalised: false, gain: 0.5, bias: -2 };
  return layers.convolution(seen, { name: 'logits', ...logits });
};
