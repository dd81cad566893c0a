import type { ModelConfig } from '../../config/types.ts';
import { asGatewayError, GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { resolveBundle } from '../../models/builtin.ts';
import { readManifest } from '../../models/bundle.ts';
import type { ModelHost } from '../../models/host.ts';
import type { BundleFile } from '../../models/instance-group.ts';
import { bootOrder, isCrashLoop, type Shipped } from '../../models/store/boot.ts';
import type { ModelStore } from '../../models/store/model-store.ts';
import { isOnTrial, type Pointers, sentBack } from '../../models/store/pointers.ts';
import { refusedFor } from './go-back.ts';
import type { Journal } from './journal.ts';

export interface BootOptions {
  readonly name: string;
  readonly host: ModelHost;
  readonly config: ModelConfig;
  readonly store: ModelStore;
  readonly journal: Journal;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * Starts the version that was in charge when the gateway ended, else one that works: the last confirmed, the one
 * before, the shipped.
 * @throws what the last of them threw, or MODEL_UNAVAILABLE if there is none.
 */
export async function bootModel(options: BootOptions): Promise<void> {
  const { name, host, config, store, log, signal } = options;
  const pointers = store.pointers(name);
  const shipped = await shippedBundle(config, log);
  const order = bootOrder(pointers, shipped, await storedBundles(store, pointers));
  if (order.length === 0) return host.start(signal);
  if (isOnTrial(pointers)) await remember(options, (now) => ({ ...now, trialBoots: now.trialBoots + 1 }));
  let failure: GatewayError | undefined;
  for (const bundle of order) {
    try {
      await host.start(signal, bundle);
      return await reconcile(options, pointers, { bundle, shipped, failure });
    } catch (error) {
      signal.throwIfAborted();
      failure ??= asGatewayError(error, 'MODEL_LOAD_FAILED');
      log.error({ err: error, bundle: bundle.path }, 'Version does not start');
    }
  }
  throw failure ?? new GatewayError('MODEL_UNAVAILABLE');
}

/** Writes down what runs now, where that is not what was meant to. */
async function reconcile(
  options: BootOptions,
  pointers: Pointers,
  found: { bundle: BundleFile; shipped: Shipped | undefined; failure: GatewayError | undefined },
): Promise<void> {
  const { host, journal } = options;
  const { active } = pointers;
  const { ref } = host;
  if (!ref || !active || ref.digest === active.digest) return;
  const isUpgrade = found.bundle.path === found.shipped?.path && found.failure === undefined;
  if (isUpgrade && !isCrashLoop(pointers)) {
    journal.write('shipped', { version: ref.version, digest: ref.digest, from: active.version });
    const before = active.name === ref.name ? { previous: active } : {};
    const { previous: _, pinned: __, ...others } = pointers;
    return remember(options, () => ({ ...others, active: ref, confirmed: ref, ...before, trialBoots: 0 }));
  }
  const error =
    found.failure ??
    new GatewayError(
      'MODEL_PROBATION_FAILED',
      `Expected to pass its probation but the gateway ended ${pointers.trialBoots} times before`,
    );
  journal.rolledBack(active, ref, { by: 'start', error });
  // A version that worked before may do so at the next start: only one on trial is given up.
  if (isOnTrial(pointers)) await remember(options, (now) => sentBack(now, ref, refusedFor(active, error)));
}

/** A start must not fail because the disk is full. */
async function remember(
  { name, store, log }: BootOptions,
  change: (pointers: Pointers) => Pointers,
): Promise<void> {
  await store
    .change(name, change)
    .catch((err) => log.error({ err }, 'What is remembered of the model not written'));
}

async function shippedBundle({ bundle }: ModelConfig, log: Logger): Promise<Shipped | undefined> {
  if (bundle === null) return undefined;
  try {
    const path = resolveBundle(bundle);
    const { name, version } = await readManifest(path);
    return { path, name, version };
  } catch (err) {
    log.error({ err }, 'Shipped bundle not readable');
    return undefined;
  }
}

async function storedBundles(
  store: ModelStore,
  { active, confirmed, previous }: Pointers,
): Promise<Map<string, string>> {
  const stored = new Map<string, string>();
  for (const ref of [active, confirmed, previous]) {
    if (ref && (await store.has(ref.digest))) stored.set(ref.digest, store.file(ref.digest));
  }
  return stored;
}
