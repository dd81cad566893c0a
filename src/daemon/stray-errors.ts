import type { Logger } from '../log.ts';
import { culprit } from '../pipelines/culprit.ts';

/**
 * What becomes of errors that nobody caught. Those of a plug-in are told as its own, and cost nobody else
 * anything. One of ours, exception or promise, has left something half done, and nobody knows what: maybe the
 * loop that takes frames has ended, and the gateway would go on looking well without it. The process ends, to be
 * started again, which every part of it is made for.
 */
export function watchStrayErrors(log: Logger): void {
  const heed = (err: unknown) => {
    const blame = culprit();
    if (blame) return blame(err);
    log.fatal({ err }, 'Nobody caught this');
    process.exit(1);
  };
  process.on('unhandledRejection', heed);
  process.on('uncaughtException', heed);
}
