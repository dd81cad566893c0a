import { GatewayError } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import { resolveBundle } from '../../models/builtin.ts';
import type { BundleFile } from '../../models/instance-group.ts';
import type { ModelRef } from '../../models/model.ts';
import { type Refused, sentBack } from '../../models/store/pointers.ts';
import { pointersOf, type Show, type UpdateContext } from './context.ts';
import { swapIn } from './swap-in.ts';

/**
 * Puts the version before in charge again, and remembers not to try the present one any more.
 * @throws UPDATE_NOT_FOUND if there is none before, UPDATE_UNWRITABLE, and what `ModelHost.prepare` throws; the
 * present one stays then.
 */
export async function goBack(
  context: UpdateContext,
  { error, by, show, signal }: { error: GatewayError; by: string; show: Show; signal: AbortSignal },
): Promise<Readonly<Record<string, unknown>>> {
  const { name, host, config, store, journal, alone } = context;
  const bad = host.ref;
  const before = versionBefore(context);
  const bundle = await bundleOf(before, context);
  const { ref } = await alone(() =>
    swapIn({
      host,
      mode: config.swap,
      bundle,
      signal,
      onPhase: (phase) => show({ phase, version: before.version }),
      async commit(to) {
        await store.change(name, (pointers) => sentBack(pointers, to, refusedFor(bad, error)));
        faultPoint('rollback-written');
      },
    }),
  );
  faultPoint('rollback-swapped');
  journal.rolledBack(bad, ref, { by, error });
  return { version: ref.version, digest: ref.digest, from: bad?.version ?? null };
}

/** What is remembered of a version that disappointed. */
export function refusedFor(
  ref: Pick<ModelRef, 'version' | 'digest'> | undefined,
  { code, message }: GatewayError,
): Refused | undefined {
  return (
    ref && {
      version: ref.version,
      digest: ref.digest,
      code,
      reason: message,
      at: new Date().toISOString(),
    }
  );
}

function versionBefore(context: UpdateContext): ModelRef {
  const { previous } = pointersOf(context);
  if (previous) return previous;
  throw new GatewayError(
    'UPDATE_NOT_FOUND',
    `Expected a version before the present one of model ${context.name} but received none`,
  );
}

/** In the store, or, where nothing was ever stored, the one that the configuration ships. */
async function bundleOf({ digest }: ModelRef, { store, config }: UpdateContext): Promise<BundleFile> {
  return { digest, path: (await store.has(digest)) ? store.file(digest) : resolveBundle(config.bundle) };
}
