import { locked } from './lock.ts';
import { type Change, publish } from './publish.ts';
import type { Repository } from './repository.ts';
import { type RepositoryState, readState } from './state.ts';

/**
 * One change of a repository: its state is read and verified, `changeOf` says what follows, and that is signed
 * and published. If anything throws, nothing has changed.
 * @throws REPOSITORY_INVALID, KEY_UNAVAILABLE, and what `changeOf` throws.
 */
export async function edit(
  repository: Repository,
  changeOf: (state: RepositoryState) => Change | Promise<Change>,
): Promise<void> {
  const { folder, anchor } = repository;
  await locked(folder, async () => {
    const state = await readState(folder, anchor);
    await publish(state, await changeOf(state), repository);
  });
}
