import { GraphBuilder } from '../graph-builder.ts';
import { type Layout, NhwcBuilder, permutations, type Value } from '../nhwc-builder.ts';
import { integers, sizesOf } from '../nhwc-moves.ts';
import { batchOf } from './alone.ts';

/*
 * The end of many a detector is written for one picture: it flattens all numbers and sorts them. Such a part
 * of a net runs in a Scan of ONNX, which gives it one sample of the batch after another.
 */

/** A part of a graph under construction that sees one sample. */
export interface Part {
  readonly builder: NhwcBuilder;
  /** A value of the graph outside as the part sees it, of a batch of one. */
  read(outer: Value): Value;
  /** Ends the part: its `outputs` for all samples, in the graph outside. A batch of one becomes the batch. */
  close(outputs: readonly Value[]): Value[];
}

/** What the Scan hands in: its name outside and inside, where it has no batch, and the shape inside. */
interface Slot {
  readonly source: string;
  readonly name: string;
  readonly value: Value;
  readonly shape: readonly number[];
}

export function perSample(outer: NhwcBuilder): Part {
  const builder = new NhwcBuilder(new InnerBuilder());
  const slots: Slot[] = [];
  const seen = new Map<Value, Value>();

  const open = (value: Value): Value => {
    if (value.tensor !== undefined) return value;
    const batched = batchOf(value) ?? value;
    const layout: Layout = batched === value ? outer.layoutOf([value]) : 'nhwc';
    const source = outer.in(layout, batched);
    const parts = { type: value.type, layout };
    // What is the same for all samples is read from the graph outside.
    if (batched.shape[0] !== 'N') return builder.value(source, { ...parts, shape: value.shape });
    const inLayout =
      layout === 'nchw' ? permutations.nchw.map((axis) => batched.shape[axis] ?? 1) : batched.shape;
    const slot = {
      source,
      name: builder.graph.unique('sample'),
      value,
      shape: sizesOf(inLayout.slice(1)),
    };
    slots.push(slot);
    if (batched !== value) return builder.value(slot.name, { ...parts, shape: value.shape });
    const withBatch = () => builder.graph.add('Unsqueeze', [slot.name, integers(builder, [0])]);
    return builder.value(withBatch, { ...parts, shape: sizesOf(value.shape) });
  };

  return {
    builder,
    read(value) {
      const known = seen.get(value) ?? open(value);
      seen.set(value, known);
      return known;
    },
    close: (outputs) => closed(outer, builder, slots, outputs),
  };
}

/** Names inside are apart from those outside, which the part reads as well. */
class InnerBuilder extends GraphBuilder {
  override unique(wish: string): string {
    return super.unique(`each/${wish}`);
  }
}

function closed(
  outer: NhwcBuilder,
  inner: NhwcBuilder,
  slots: readonly Slot[],
  outputs: readonly Value[],
): Value[] {
  const results = outputs.map((value) => {
    const name = inner.nhwc(value);
    const [first, ...rest] = sizesOf(value.shape);
    if (first !== 1) return { name: inner.graph.add('Identity', [name]), value, shape: sizesOf(value.shape) };
    return { name: inner.graph.add('Squeeze', [name, integers(inner, [0])]), value, shape: rest };
  });
  const body = inner.graph.build({
    name: 'each',
    opsets: {},
    inputs: slots.map(({ name, value, shape }) => ({ name, type: value.type, shape })),
    outputs: results.map(({ name, value, shape }) => ({ name, type: value.type, shape })),
  });
  const names = results.map(() => outer.graph.unique('scan'));
  outer.graph.push({
    op: 'Scan',
    domain: '',
    name: names[0] ?? '',
    inputs: slots.map(({ source }) => source),
    outputs: names,
    attributes: { body: { graph: body }, num_scan_inputs: { int: slots.length } },
  });
  return results.map(({ value, shape }, i) =>
    outer.value(names[i] ?? '', { type: value.type, shape: ['N', ...shape] }),
  );
}
