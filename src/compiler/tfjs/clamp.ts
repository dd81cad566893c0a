import type { NhwcBuilder, Value } from '../nhwc-builder.ts';
import { kept } from '../nhwc-moves.ts';
import { scalar } from './constants.ts';

/** What was clamped, and to what. */
interface Clamp {
  readonly source: Value;
  readonly least: number;
  readonly greatest: number;
}

const clamps = new WeakMap<Value, Clamp>();

/**
 * The value, nowhere less than `least` nor more than `greatest`. Converters write a ReLU6 as three operators
 * in a row: clamps of clamps become one, and those in between come to be only if somebody else reads them.
 */
export function clamp(builder: NhwcBuilder, value: Value, least: number, greatest: number): Value {
  const before = clamps.get(value) ?? {
    source: value,
    least: Number.NEGATIVE_INFINITY,
    greatest: Number.POSITIVE_INFINITY,
  };
  const within = (limit: number) => Math.min(greatest, Math.max(least, limit));
  const whole = { source: before.source, least: within(before.least), greatest: within(before.greatest) };
  const layout = builder.layoutOf([whole.source]);
  const add = () => addClamp(builder, whole, builder.in(layout, whole.source));
  const clamped = builder.value(add, { ...kept(value), shape: value.shape, layout });
  clamps.set(clamped, whole);
  return clamped;
}

function addClamp(builder: NhwcBuilder, { source, least, greatest }: Clamp, name: string): string {
  if (least === 0 && greatest === Number.POSITIVE_INFINITY) return builder.graph.add('Relu', [name]);
  const limit = (value: number) =>
    Number.isFinite(value) ? builder.nhwc(scalar(builder, value, source)) : '';
  const limits = [limit(least), limit(greatest)];
  if (limits[1] === '') limits.pop();
  return builder.graph.add('Clip', [name, ...limits]);
}
