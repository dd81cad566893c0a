import { expect, test } from 'vitest';
import { GraphBuilder } from '../../../src/compiler/graph-builder.ts';
import { writeModel } from '../../../src/compiler/onnx/model.ts';
import { openSession } from '../../../src/compiler/runtime.ts';
import { initialParameters } from '../../../src/training/net/initial.ts';
import type { Convolution, Layers } from '../../../src/training/net/layers.ts';
import { addMaskLoss } from '../../../src/training/net/mask-loss.ts';
import { Tape } from '../../../src/training/net/tape.ts';
import { seeded } from '../../../src/training/random.ts';

const [batch, side] = [3, 8];
const random = seeded(3);
const numbers = (dims: readonly number[], draw: () => number) => ({
  type: 'float32' as const,
  dims,
  data: Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, draw),
});

/** Every kind of layer, each value read twice somewhere. */
function net(layers: Layers, picture: string): string {
  const convolution = (input: string, name: string, from: number, to: number, more: Partial<Convolution>) =>
    layers.convolution(input, { name, from, to, size: 3, ...more });
  const half = layers.relu(convolution(picture, 'wide', 1, 3, { size: 5, stride: 2 }));
  const quarter = layers.relu(convolution(half, 'down', 3, 4, { stride: 2, normalised: false }));
  const on = convolution(quarter, 'on', 4, 4, { size: 1, gain: 0.7 });
  const far = convolution(on, 'far', 4, 4, { dilation: 2 });
  const joined = layers.relu(layers.sum(quarter, far));
  return convolution(layers.sum(joined, quarter), 'last', 4, 1, { normalised: false, bias: -0.5 });
}

async function step(parameters: ReturnType<typeof initialParameters>) {
  const builder = new GraphBuilder(['picture', 'truth', ...parameters.keys()]);
  const tape = new Tape({ builder, input: 'picture' });
  const output = net(tape, 'picture');
  const { loss, gradient } = addMaskLoss(builder, output, 'truth');
  tape.backward(output, gradient);
  const names = [...parameters.keys()].map((name) => [name, tape.gradient(name)] as const);
  const shapes = [
    ['picture', [batch, 1, side, side]] as const,
    ['truth', [batch, 1, side / 4, side / 4]] as const,
    ...[...parameters].map(([name, { dims }]) => [name, dims] as const),
  ];
  const graph = builder.build({
    name: 'step',
    opsets: { '': 17 },
    inputs: shapes.map(([name, shape]) => ({ name, type: 'float32', shape })),
    outputs: [loss, ...names.map(([, each]) => each)].map((name) => ({ name })),
  });
  const session = await openSession(writeModel(graph), { threads: 1 });
  const run = async (feeds: Parameters<typeof session.run>[0]) => {
    const results = await session.run(feeds);
    const floats = (name: string) => Array.from(results[name]?.data ?? [], Number);
    return {
      loss: floats(loss)[0] ?? Number.NaN,
      gradients: new Map(names.map(([name, each]) => [name, floats(each)])),
    };
  };
  return { run, close: () => session.close() };
}

test('gradients are what the loss changes by when a parameter is moved a little', async () => {
  const parameters = initialParameters((layers) => net(layers, 'picture'), 5);
  const { run, close } = await step(parameters);
  // A third of the places is not known: they must not count.
  const truth = numbers([batch, 1, side / 4, side / 4], () => Math.max(-1, Math.floor(random() * 3) - 1));
  const feeds = {
    picture: numbers([batch, 1, side, side], () => random() * 2 - 1),
    truth,
    ...Object.fromEntries(
      [...parameters].map(([name, each]) => [name, { type: 'float32' as const, ...each }]),
    ),
  };
  const { gradients } = await run(feeds);
  for (const [name, { data }] of parameters) {
    const found = gradients.get(name) ?? [];
    const scale = Math.max(...found.map(Math.abs));
    expect(scale, name).toBeGreaterThan(0);
    for (let i = 0; i < data.length; i += Math.max(1, Math.floor(data.length / 6))) {
      const value = data[i] ?? 0;
      const moved = async (by: number) => {
        data[i] = value + by;
        const { loss } = await run(feeds);
        data[i] = value;
        return loss;
      };
      const little = 2e-3;
      const slope = ((await moved(little)) - (await moved(-little))) / (2 * little);
      expect(Math.abs((found[i] ?? 0) - slope), `${name} ${i}`).toBeLessThan(0.05 * scale + 1e-3);
    }
  }
  await close();
});
