import type { Convolution, Layers } from './layers.ts';

/** A convolution and what lets its positive numbers through. */
export function active(layers: Layers, input: string, shape: Convolution): string {
  return layers.relu(layers.convolution(input, shape));
}

/** Two convolutions beside the input (a residual block, He et al., 2016). Begins as if it were not there. */
export function residual(
  layers: Layers,
  input: string,
  {
    name,
    channels,
    dilation,
  }: { readonly name: string; readonly channels: number; readonly dilation: number },
): string {
  const shape = { from: channels, to: channels, size: 3, dilation };
  const inner = active(layers, input, { name: `${name}1`, ...shape });
  return layers.relu(layers.sum(input, layers.convolution(inner, { name: `${name}2`, ...shape, gain: 0 })));
}
