import { existsSync, readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Attribute, Body, Graph, Node, Value } from '../../src/compiler/graph.ts';
import { decode, encode } from '../../src/compiler/onnx/codec.ts';
import { readModel, writeModel } from '../../src/compiler/onnx/model.ts';
import { model, tensor as tensorSchema } from '../../src/compiler/onnx/schema.ts';
import { readTensor } from '../../src/compiler/onnx/tensor-proto.ts';
import { openSession } from '../../src/compiler/runtime.ts';
import { elements, type Tensor, type TensorType, tensorTypes } from '../../src/compiler/tensor.ts';

const types = Object.keys(tensorTypes) as TensorType[];
const dims = fc.array(fc.nat({ max: 4 }), { maxLength: 4 });

const tensor: fc.Arbitrary<Tensor> = fc.tuple(fc.constantFrom(...types), dims).chain(([type, sizes]) => {
  const { array } = tensorTypes[type];
  const length = elements(sizes) * array.BYTES_PER_ELEMENT;
  return fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => ({ type, dims: sizes, data: new array(new Uint8Array(bytes).buffer) }) as Tensor);
});

const name = fc.string({ minLength: 1 }).filter((each) => each !== '__proto__');
const names = fc.uniqueArray(name, { maxLength: 3 });
const integer = fc.maxSafeInteger();

const value: fc.Arbitrary<Value> = fc.oneof(
  fc.record({ name }),
  fc.record({ name, type: fc.constantFrom(...types) }),
  fc.record({
    name,
    type: fc.constantFrom(...types),
    shape: fc.array(fc.oneof(fc.nat(), name, fc.constant(null))),
  }),
);

const { body } = fc.letrec<{ body: Body; node: Node; attribute: Attribute }>((tie) => ({
  attribute: fc.oneof(
    { depthSize: 'small' },
    fc.record({ int: integer }),
    fc.record({ float: fc.float() }),
    fc.record({ string: fc.string({ unit: 'grapheme' }) }),
    fc.record({ ints: fc.array(integer) }),
    fc.record({ floats: fc.array(fc.float()) }),
    fc.record({ strings: fc.array(fc.string()) }),
    fc.record({ tensor }),
    fc.record({ graph: tie('body') }),
  ),
  node: fc.record({
    op: name,
    domain: fc.constantFrom('', 'com.microsoft'),
    name: fc.string(),
    inputs: names,
    outputs: names,
    attributes: fc.dictionary(name, tie('attribute'), { maxKeys: 2, noNullPrototype: true }),
  }),
  body: fc.record({
    name: fc.string(),
    nodes: fc.array(tie('node'), { maxLength: 3 }),
    initializers: fc
      .uniqueArray(fc.tuple(name, tensor), { maxLength: 3, selector: ([key]) => key })
      .map((all) => new Map(all)),
    inputs: fc.constant([]),
    outputs: fc.array(value, { maxLength: 3 }),
  }),
}));

const graph: fc.Arbitrary<Graph> = fc
  .record({ body, opset: fc.integer({ min: 1, max: 30 }), inputs: fc.array(value, { maxLength: 3 }) })
  .map(({ body, opset, inputs }) => ({
    ...body,
    inputs: inputs.filter((input) => !body.initializers.has(input.name)),
    opsets: { '': opset, 'com.microsoft': 1 },
  }));

describe('a graph', () => {
  it('is read from ONNX as it was written', () => {
    fc.assert(
      fc.property(graph, (original) => {
        expect(readModel(writeModel(original))).toEqual(original);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps "to the end", the greatest int64, though a double cannot hold it', () => {
    const greatest = 2n ** 63n - 1n;
    const node = {
      opType: 'Slice',
      attribute: [{ name: 'ends', type: 7, ints: [greatest, -greatest - 1n] }],
    };
    const again = decode(model, writeModel(readModel(encode(model, { graph: { node: [node] } }))));
    expect(again.graph?.node?.[0]?.attribute?.[0]?.ints).toEqual([greatest, -greatest - 1n]);
  });

  it('does not count constants among its inputs', () => {
    const constant = { name: 'w', dataType: 1, rawData: new Uint8Array(4) };
    const input = [{ name: 'x' }, { name: 'w' }];
    const read = readModel(encode(model, { graph: { initializer: [constant], input } }));
    expect(read.inputs.map((each) => each.name)).toEqual(['x']);
  });

  it.each([
    ['noise', Buffer.from('this is no model at all')],
    ['an empty file', new Uint8Array()],
    ['functions', encode(model, { graph: {}, functions: [new Uint8Array()] })],
    ['sparse constants', encode(model, { graph: { sparseInitializer: [new Uint8Array()] } })],
    ['data in another file', encode(model, { graph: { initializer: [{ dataType: 1, dataLocation: 1 }] } })],
    ['strings', encode(model, { graph: { initializer: [{ dataType: 8 }] } })],
    [
      'too little data',
      encode(model, { graph: { initializer: [{ dataType: 1, dims: [2n], rawData: new Uint8Array(7) }] } }),
    ],
    ['a size below zero', encode(model, { graph: { initializer: [{ dataType: 1, dims: [-1n] }] } })],
    ['an attribute of no type', encode(model, { graph: { node: [{ attribute: [{ name: 'a' }] }] } })],
  ])('is refused with %s', (_, file) => {
    expect(() => readModel(file)).toThrow(expect.objectContaining({ code: 'COMPILE_FAILED' }));
  });

  it.each([
    [{ dataType: 1, floatData: [0.5, -1] }, Float32Array.of(0.5, -1)],
    [{ dataType: 11, doubleData: [0.1, 2] }, Float64Array.of(0.1, 2)],
    [{ dataType: 7, int64Data: [1n, -1n] }, BigInt64Array.of(1n, -1n)],
    [{ dataType: 13, uint64Data: [1n, 2n] }, BigUint64Array.of(1n, 2n)],
    [{ dataType: 12, uint64Data: [1n, 4294967295n] }, Uint32Array.of(1, 4294967295)],
    [{ dataType: 6, int32Data: [1, -1] }, Int32Array.of(1, -1)],
    [{ dataType: 5, int32Data: [1, -1] }, Int16Array.of(1, -1)],
    [{ dataType: 3, int32Data: [127, -128] }, Int8Array.of(127, -128)],
    [{ dataType: 2, int32Data: [0, 255] }, Uint8Array.of(0, 255)],
    [{ dataType: 10, int32Data: [15360, 0] }, Uint16Array.of(15360, 0)],
    [{ dataType: 9, int32Data: [0, 1] }, Uint8Array.of(0, 1)],
  ])('may keep numbers in the fields of their type (%#)', (proto, data) => {
    const read = readTensor(decode(tensorSchema, encode(tensorSchema, { ...proto, dims: [2n] })));
    expect(read.data).toEqual(data);
  });
});

const shared = new URL('../../../shared/models/', import.meta.url);
const models = existsSync(shared) ? readdirSync(shared).filter((file) => file.endsWith('.onnx')) : [];

describe.skipIf(models.length === 0)('models of others (skipped where ../shared/models is missing)', () => {
  it.each(models)('%s runs the same after it was read and written', async (file) => {
    const original = readFileSync(new URL(file, shared));
    const answers = [];
    for (const bytes of [original, writeModel(readModel(original))]) {
      const session = await openSession(bytes, { threads: 1 });
      const feeds = session.inputs.map(({ name, shape }) => {
        const sizes = shape.map((size, i) => (typeof size === 'number' ? size : i === 0 ? 1 : 64));
        const data = Float32Array.from({ length: elements(sizes) }, (_, i) => (i * 31) % 256);
        return [name, { type: 'float32', dims: sizes, data }] as const;
      });
      const outputs = await session.run(Object.fromEntries(feeds));
      answers.push(
        Object.fromEntries(Object.entries(outputs).map(([key, { dims, data }]) => [key, { dims, data }])),
      );
      await session.close();
    }
    expect(answers[1]).toEqual(answers[0]);
  });
});
