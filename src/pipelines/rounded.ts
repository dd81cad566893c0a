/** Four decimals say all that an 8-bit net can mean. */
export function rounded(value: number): number {
  return Math.round(value * 10_000) / 10_000;
}
