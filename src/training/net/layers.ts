/** A convolution with what follows it; rows and columns of zeros around keep the size, or half of it. */
export interface Convolution {
  /** Of its parameters, of all convolutions of a net another. */
  readonly name: string;
  /** Channels. */
  readonly from: number;
  readonly to: number;
  /** Of the window, odd. */
  readonly size: number;
  /** Default 1. */
  readonly stride?: 1 | 2;
  /** Places from one number of the window to the next: how far it reaches. Default 1. */
  readonly dilation?: number;
  /**
   * Brought to mean 0 and deviation 1 a channel over the batch, then scaled and shifted (batch normalization, Ioffe
   * and Szegedy, 2015); else a bias is added. Default true.
   */
  readonly normalised?: boolean;
  /** What the scale, or of one with a bias all of its weights, is multiplied by at the start. Default 1. */
  readonly gain?: number;
  /** The bias at the start. Default 0. */
  readonly bias?: number;
}

/**
 * What nets are described with, so that one description makes the graph that learns and the graph that runs. Values
 * are names of `[N, channels, height, width]` float32.
 */
export interface Layers {
  convolution(input: string, shape: Convolution): string;
  relu(input: string): string;
  sum(a: string, b: string): string;
}

/** Numbers that are learned, by name. */
export interface Parameter {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}
export type Parameters = ReadonlyMap<string, Parameter>;

/** Names of the parameters of a convolution. */
export const parametersOf = (name: string) => ({
  /** `[to, from, size, size]` */
  kernel: `${name}.kernel`,
  /** `[to]` each. */
  scale: `${name}.scale`,
  shift: `${name}.shift`,
});
