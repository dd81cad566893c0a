/**
 * Compiles the default models of presence from the npm package @vladmandic/human (MIT) and writes their bundles:
 * `npm run models`. What is there already stays, unless `--force` is given.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { observe, rangesOf, type Sample } from '../src/compiler/calibrate.ts';
import { compile } from '../src/compiler/compile.ts';
import { prepare } from '../src/compiler/compile-prepare.ts';
import { importModel } from '../src/compiler/compile-source.ts';
import type { Graph } from '../src/compiler/graph.ts';
import { writeModel } from '../src/compiler/onnx/model.ts';
import { makeNode, makers } from '../src/compiler/passes/rewrite.ts';
import { removeUnused } from '../src/compiler/passes/unused.ts';
import { floatSamples } from '../src/compiler/quantization/samples.ts';
import { quantize } from '../src/compiler/quantize.ts';
import { createBundle } from '../src/models/create-bundle.ts';
import { type HumanModel, humanModels } from './human-manifests.ts';
import { calibrationSamples, type HumanPictures, humanPictures } from './human-pictures.ts';

const root = new URL('../models/', import.meta.url);
const source = new URL('../node_modules/@vladmandic/human/models/', import.meta.url);
const license: string = JSON.parse(readFileSync(new URL('../package.json', source), 'utf8')).license;

const method = 'percentile';
const [...only] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const force = process.argv.includes('--force');
for (const model of humanModels) if (only.length === 0 || only.includes(model.name)) await build(model);

async function build(model: HumanModel): Promise<void> {
  const folder = new URL(`${model.name}/`, root);
  const path = fileURLToPath(new URL(`${model.name}.bundle`, folder));
  if (existsSync(path) && !force) return say(`${model.name}: is there`);
  await mkdir(folder, { recursive: true });
  const scratch = await mkdtemp(join(tmpdir(), 'edgeward-models-'));
  try {
    const imported = await importModel(fileURLToPath(new URL(`${model.file}.json`, source)));
    const cut = join(scratch, `${model.name}.onnx`);
    await writeFile(cut, writeModel(cutDown(imported.graph, model)));
    const pictures = await humanPictures();
    const file = await compiled(cut, model, pictures);
    const bundle = await createBundle(
      {
        graph: file,
        manifest: {
          ...model.manifest,
          license,
          quantization: model.int8
            ? {
                scheme: 'int8-qdq',
                weights: 'int8, a scale a channel',
                activations: 'uint8',
                calibration: { method, samples: model.samples },
              }
            : { scheme: 'none', weights: 'float32', activations: 'float32' },
        },
        golden: pictures.golden,
      },
      path,
    );
    say(`${model.name}: ${(bundle.bytes / 1e6).toFixed(1)} MB`);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * In int8 whether or not that is the faster on the machine that builds it: the bundle must be the same wherever it
 * is built.
 */
async function compiled(path: string, model: HumanModel, pictures: HumanPictures): Promise<Uint8Array> {
  const { preprocessing, floatHeads = 0 } = model;
  if (!model.int8) return (await compile({ path, preprocessing })).file;
  const { graph, picture } = await prepare(await importModel(path), preprocessing);
  if (!picture) throw new TypeError('Expected a net that takes pictures');
  const samples: Sample[] = [];
  for await (const sample of calibrationSamples(pictures, model)) samples.push(sample);
  const inputs = { [picture.name]: picture.meaning };
  const observations = await observe(graph, floatSamples(samples, inputs));
  const convolutions = graph.nodes.filter(({ op }) => op === 'Conv');
  const heads = floatHeads > 0 ? convolutions.slice(-floatHeads) : [];
  const int8 = quantize(graph, {
    inputs,
    ranges: rangesOf(observations, method),
    means: new Map([...observations.channels].map(([name, { means }]) => [name, means])),
    float: new Set(heads.flatMap(({ outputs }) => outputs)),
  });
  return writeModel(int8);
}

/** The graph with the outputs that are wanted and no others, for pictures of the size that is wanted. */
function cutDown(graph: Graph, { size, outputs }: HumanModel): Graph {
  const made = makers(graph);
  const back = (name: string, through: readonly string[]): string => {
    const maker = made.get(name);
    return maker && through.includes(maker.op) ? back(maker.inputs[0] ?? '', through) : name;
  };
  const ends = outputs.map(({ from, through, name, shape }) => ({
    node: makeNode('Identity', [back(from, ['Identity', ...through])], [name]),
    value: { name, type: 'float32' as const, shape: ['N', ...shape] },
  }));
  const [input] = graph.inputs;
  if (!input) throw new TypeError('Expected an input');
  return removeUnused({
    ...graph,
    nodes: [...graph.nodes, ...ends.map(({ node }) => node)],
    inputs: [{ ...input, shape: ['N', size, size, 3] }],
    outputs: ends.map(({ value }) => value),
  });
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
