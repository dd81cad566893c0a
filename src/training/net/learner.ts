import type { Value } from '../../compiler/graph.ts';
import { GraphBuilder } from '../../compiler/graph-builder.ts';
import { writeModel } from '../../compiler/onnx/model.ts';
import { openSession } from '../../compiler/runtime.ts';
import type { Tensor } from '../../compiler/tensor.ts';
import { adamRate, adamUpdate } from '../adam.ts';
import { floatsOf } from './floats-of.ts';
import type { Learned } from './folded.ts';
import { initialParameters } from './initial.ts';
import type { Layers } from './layers.ts';
import { RunningMeans } from './running-means.ts';
import { Tape } from './tape.ts';

/** A net by the function that adds it to a graph: from a picture to what the loss looks at. */
export type NetDescription = (layers: Layers, picture: string) => string;

/** Adds a loss to a graph: names of the loss, a scalar, and of its gradient by the output of the net. */
type Loss = (builder: GraphBuilder, output: string, truth: string) => { loss: string; gradient: string };

export interface LearnerOptions {
  readonly net: NetDescription;
  readonly loss: Loss;
  /** Of one batch: `[N, channels, height, width]` each; every batch has these. */
  readonly picture: readonly number[];
  readonly truth: readonly number[];
  readonly seed: number;
}

/** Learns step by step. */
export interface Learner {
  /** One step of Adam; resolves to the loss before it. Never two at once. */
  step(picture: Float32Array, truth: Float32Array, learningRate: number): Promise<number>;
  /** What was learned up to here. */
  learned(): Learned;
  close(): Promise<void>;
}

/** Operator set of the graph. */
const opset = 17;
/** Share of what was that the running means keep a step; less at first. */
const kept = 0.99;

/** Makes one graph of a whole step, forwards and back, and opens it. */
export async function openLearner(options: LearnerOptions): Promise<Learner> {
  const { net, loss, seed } = options;
  const parameters = initialParameters((layers) => net(layers, 'picture'), seed);
  const inputs: Value[] = [
    { name: 'picture', type: 'float32', shape: options.picture },
    { name: 'truth', type: 'float32', shape: options.truth },
    ...[...parameters].map(([name, { dims }]) => ({ name, type: 'float32' as const, shape: dims })),
  ];
  const builder = new GraphBuilder(inputs.map(({ name }) => name));
  const tape = new Tape({ builder, input: 'picture' });
  const output = net(tape, 'picture');
  const cost = loss(builder, output, 'truth');
  tape.backward(output, cost.gradient);
  const gradients = [...parameters.keys()].map((name) => [name, tape.gradient(name)] as const);
  const wanted = [
    cost.loss,
    ...gradients.map(([, gradient]) => gradient),
    ...[...tape.statistics.values()].flatMap(({ mean, variance }) => [mean, variance]),
  ];
  const graph = builder.build({
    name: 'step',
    opsets: { '': opset },
    inputs,
    outputs: [...new Set(wanted)].map((name) => ({ name })),
  });
  const session = await openSession(writeModel(graph), { threads: 1 });
  const moments = new Map(
    [...parameters].map(([name, { data }]) => [
      name,
      { mean: new Float32Array(data.length), square: new Float32Array(data.length) },
    ]),
  );
  const averages = new RunningMeans(kept);
  let steps = 0;

  return {
    async step(picture, truth, learningRate) {
      const feeds: Record<string, Tensor> = {
        picture: { type: 'float32', dims: options.picture, data: picture },
        truth: { type: 'float32', dims: options.truth, data: truth },
      };
      for (const [name, each] of parameters) feeds[name] = { type: 'float32', ...each };
      const results = await session.run(feeds);
      steps++;
      const rate = adamRate(learningRate, steps);
      for (const [name, gradient] of gradients) {
        const [weights, moment] = [parameters.get(name), moments.get(name)];
        if (weights && moment) adamUpdate(weights.data, floatsOf(results, gradient), moment, rate);
      }
      averages.next();
      for (const [name, { data }] of parameters) averages.add(name, data);
      for (const [name, { mean, variance }] of tape.statistics) {
        averages.add(`${name}.mean`, floatsOf(results, mean));
        averages.add(`${name}.variance`, floatsOf(results, variance));
      }
      return floatsOf(results, cost.loss)[0] ?? Number.NaN;
    },
    learned: () => ({
      parameters: new Map(
        [...parameters].map(([name, { dims }]) => [name, { dims, data: averages.of(name) }]),
      ),
      statistics: new Map(
        [...tape.statistics.keys()].map((name) => [
          name,
          { mean: averages.of(`${name}.mean`), variance: averages.of(`${name}.variance`) },
        ]),
      ),
    }),
    close: () => session.close(),
  };
}
