import { AsyncLocalStorage } from 'node:async_hooks';

/** Takes an error that nobody caught, from whoever is known to have begun what failed. */
export type Blame = (error: unknown) => void;

/**
 * A promise that a plug-in forgets, or a timer that it leaves, may fail when its frame is long answered. Node then
 * tells the whole process; this tells whom it comes from.
 */
const culprits = new AsyncLocalStorage<Blame>();

/**
 * Runs `work` so that whatever it begins is known as its own. From the first call on every promise of the process
 * costs a little more: for code that is not ours.
 */
export function answerFor<T>(blame: Blame, work: () => T): T {
  return culprits.run(blame, work);
}

/** Whom an error that reached the process comes from; `undefined` if from nobody that `answerFor` knows. */
export function culprit(): Blame | undefined {
  return culprits.getStore();
}
