import { InvalidArgumentError } from 'commander';

/** `0.485,0.456,0.406`, or one number for all channels. */
export function numbers(text: string): number[] {
  return text.split(',').map(number);
}

/** Also as a fraction: `1/255`. */
export function number(text: string): number {
  const [over = '', under = '1', ...more] = text.split('/');
  const value = Number(over) / Number(under);
  if (over.trim() === '' || more.length > 0 || !Number.isFinite(value)) {
    throw new InvalidArgumentError('Expected a number or a fraction, as 1/255.');
  }
  return value;
}

export function positive(text: string): number {
  const value = number(text);
  if (!(value > 0)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

export function count(text: string): number {
  return whole(text, 1, Number.MAX_SAFE_INTEGER, 'above 0');
}

export function countOrNone(text: string): number {
  return whole(text, 0, Number.MAX_SAFE_INTEGER, 'from 0');
}

/** A parser of the whole numbers of a range. */
export function within(min: number, max: number): (text: string) => number {
  return (text) => whole(text, min, max, `from ${min} to ${max}`);
}

function whole(text: string, min: number, max: number, range: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new InvalidArgumentError(`Expected a whole number ${range}.`);
}
