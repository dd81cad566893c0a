import type { Logger } from '../log.ts';
import { culprit } from '../pipelines/culprit.ts';

/**
 * What becomes of errors that nobody caught. Those of a plug-in are told as its own, and cost nobody else
 * anything. A promise of ours that fails unseen is a defect to be told, and no reason to end: its work is lost
 * either way. An exception of ours may have left anything half done: the process ends, to be started again.
 */
export function watchStrayErrors(log: Logger): void {
  process.on('unhandledRejection', (reason) => {
    const blame = culprit();
    if (blame) blame(reason);
    else log.error({ err: reason }, 'A promise failed that nobody waited for');
  });
  process.on('uncaughtException', (error) => {
    const blame = culprit();
    if (blame) return blame(error);
    log.fatal({ err: error }, 'Nobody caught this');
    process.exit(1);
  });
}
