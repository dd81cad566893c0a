import { join } from 'node:path';
import { compile } from '../compiler/compile.ts';
import { openSession } from '../compiler/runtime.ts';
import { type Confusion, confusionOf, confusionTable } from './confusion.ts';
import type { Dataset } from './dataset.ts';
import { greatest, predict } from './evaluate.ts';
import { type Errors, errorsOf } from './reconstruction-errors.ts';
import type { RunCard } from './run-card.ts';
import type { Epoch } from './train-model.ts';

/** What came of a run, for people and programs. */
export interface RunReport {
  readonly card: RunCard;
  readonly parameters: number;
  readonly history: readonly Epoch[];
  /** Of the examples to test with, or of the held-out ones where there are none, by the runtime of the gateway. */
  readonly result: {
    readonly part: 'test' | 'held out';
    readonly count: number;
    readonly accuracy?: number;
    readonly confusion?: Confusion;
    readonly errors?: Errors;
  };
  readonly tookMs: number;
}

/** Judges the net as it was written, in float, on what it has not seen. */
export async function reportOf(run: {
  readonly folder: string;
  readonly card: RunCard;
  readonly dataset: Dataset;
  readonly history: readonly Epoch[];
  readonly parameters: number;
  readonly tookMs: number;
}): Promise<RunReport> {
  const { folder, card, dataset, history, parameters, tookMs } = run;
  const { preprocessing, model, labels } = card;
  const { file } = await compile({ path: join(folder, model), preprocessing });
  const part = dataset.test ?? dataset.heldOut;
  const session = await openSession(file, { threads: 1 });
  try {
    const rows = await predict(session, part);
    const common = { part: dataset.test ? 'test' : 'held out', count: part.count } as const;
    if (!labels || !part.labels) {
      return { card, parameters, history, result: { ...common, errors: errorsOf(rows, part) }, tookMs };
    }
    const answers = rows.map(greatest);
    const right = answers.filter((answer, i) => answer === part.labels?.[i]).length;
    const confusion = confusionOf(answers, part.labels, labels.length);
    return {
      card,
      parameters,
      history,
      result: { ...common, accuracy: right / part.count, confusion },
      tookMs,
    };
  } finally {
    await session.close();
  }
}

/** The report for people, in Markdown. */
export function describeRun({ card, parameters, history, result, tookMs }: RunReport): string {
  const { recipe, data, backend, labels } = card;
  const last = history.at(-1);
  const sections = [
    `# ${recipe.task} on ${data.name}`,
    [
      '| | |',
      '|---|---|',
      `| net | ${recipe.net}, ${parameters} weights |`,
      `| learned from | ${data.training} examples, ${data.heldOut} held out, ${data.test} to test with |`,
      `| data | \`${data.digest}\` |`,
      `| trained | ${history.length} epochs, batches of ${recipe.batchSize}, learning rate ${recipe.learningRate}, seed ${recipe.seed} |`,
      `| took | ${(tookMs / 1000).toFixed(0)} s with TensorFlow.js (${backend}) |`,
      ...(last
        ? [
            `| last epoch | loss ${last.training.loss.toPrecision(3)}, held out ${last.heldOut?.loss.toPrecision(3) ?? '-'} |`,
          ]
        : []),
      ...(result.accuracy === undefined
        ? []
        : [`| accuracy | **${percent(result.accuracy)}** of ${result.count} (${result.part}), in float |`]),
      ...(result.errors === undefined
        ? []
        : [
            `| error | median ${result.errors.median.toPrecision(3)}, 99 of 100 below ${result.errors.p99.toPrecision(3)}, of ${result.count} (${result.part}) |`,
          ]),
    ].join('\n'),
    '![curves](curves.svg)',
    ...(result.confusion && labels
      ? ['Rows are what it was, columns what the net said.', confusionTable(result.confusion, labels)]
      : []),
  ];
  return `${sections.join('\n\n')}\n`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(2)} %`;
}
