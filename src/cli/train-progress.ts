import { SingleBar } from 'cli-progress';
import type { Epoch, Figures, Progress } from '../training/train-model.ts';

interface Start {
  readonly parameters: number;
  readonly examples: number;
  readonly backend: string;
  readonly epoch: number;
}

/** A bar an epoch on a terminal, else a line an epoch; nothing where `quiet`. */
export function showTraining(epochs: number, quiet: boolean) {
  const bar =
    !quiet && process.stderr.isTTY
      ? new SingleBar({
          format: 'epoch {epoch} {bar} {percentage} % | {figures} | {eta_formatted} left',
          stream: process.stderr,
          hideCursor: true,
        })
      : undefined;
  let started = false;
  const say = (line: string) => {
    if (!quiet) process.stderr.write(`${line}\n`);
  };
  return {
    onStart({ parameters, examples, backend, epoch }: Start) {
      const from = epoch > 1 ? `, from epoch ${epoch} on` : '';
      say(`${parameters} weights, ${examples} examples, TensorFlow.js on ${backend}${from}`);
    },
    onProgress({ epoch, done, total, ...figures }: Progress) {
      if (!bar) return;
      const shown = { epoch: `${epoch}/${epochs}`, figures: text(figures) };
      if (!started) bar.start(epochs * total, (epoch - 1) * total, shown);
      started = true;
      bar.update((epoch - 1) * total + done, shown);
    },
    onEpoch({ epoch, training, heldOut }: Epoch) {
      if (!bar)
        say(`epoch ${epoch}/${epochs}: ${text(training)}${heldOut ? `, held out ${text(heldOut)}` : ''}`);
    },
    stop: () => bar?.stop(),
  };
}

function text({ loss, accuracy }: Figures): string {
  return `loss ${loss.toFixed(4)}${accuracy === undefined ? '' : `, accuracy ${(accuracy * 100).toFixed(2)} %`}`;
}
