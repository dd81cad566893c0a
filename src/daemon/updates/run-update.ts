import { setTimeout as delay } from 'node:timers/promises';
import { asGatewayError } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import type { ModelRef } from '../../models/model.ts';
import { activated, confirmed, withRefused } from '../../models/store/pointers.ts';
import { watchProbation } from '../../models/trial/probation.ts';
import type { Vitals } from '../../models/trial/vitals.ts';
import { admitRelease, isTelling } from './admit.ts';
import { type Outcome, pointersOf, type Show, type UpdateContext } from './context.ts';
import { goBack, refusedFor } from './go-back.ts';
import { findOffer, type Offer } from './offers.ts';
import { swapIn } from './swap-in.ts';
import type { UpdateRequest } from './update-request.ts';

export interface Run {
  readonly request: UpdateRequest;
  readonly show: Show;
  readonly signal: AbortSignal;
}

const dayMs = 86_400_000;

/** What the request means, if it may replace what runs; what runs already may be meant too. */
export async function chooseOffer(
  context: UpdateContext,
  request: UpdateRequest,
  signal: AbortSignal,
): Promise<Offer> {
  const { repositories, product, host } = context;
  const offer = await findOffer(repositories, product(), request, signal);
  if (offer.release.digest !== host.ref?.digest) {
    admitRelease(offer.release, { installed: host.ref, pointers: pointersOf(context), request });
  }
  return offer;
}

/**
 * The way of an accepted request to its end; undefined if the gateway stops before.
 * @throws UPDATE_UNWRITABLE if the end cannot be written down.
 */
export async function runUpdate(
  context: UpdateContext,
  chosen: Offer | undefined,
  run: Run,
): Promise<Outcome | undefined> {
  const { request, signal } = run;
  let offer = chosen;
  try {
    if (!offer) {
      await sleepUntil(request.notBefore, signal);
      offer = await chooseOffer(context, request, signal);
    }
    const found = offer;
    return await context.store.keep(found.release.digest, async () => {
      await fetchBundle(context, found, run);
      return installBundle(context, found, run);
    });
  } catch (thrown) {
    // The gateway stops: the next start goes on.
    if (signal.aborted) return undefined;
    const error = asGatewayError(thrown, 'REQUEST_FAILED');
    const { name, store, journal } = context;
    const { version, digest } = offer?.release ?? {};
    const bad =
      version !== undefined && digest !== undefined && isTelling(error.code)
        ? refusedFor({ version, digest }, error)
        : undefined;
    journal.rejected(error, { version: version ?? null, digest: digest ?? null, by: request.by });
    await store.change(name, ({ pending: _, ...pointers }) => (bad ? withRefused(pointers, bad) : pointers));
    return { data: { state: 'rejected', version: version ?? null }, error };
  }
}

/** Watches the version in charge to the end of its probation, and goes back if it disappoints. */
export async function watchTrial(
  context: UpdateContext,
  ref: ModelRef,
  before: Vitals | undefined,
  { request, show, signal }: Run,
): Promise<Outcome | undefined> {
  const { name, host, store, journal } = context;
  const { by, probation } = request;
  const now = host.vitals;
  show({ phase: 'probation', version: ref.version });
  try {
    if (now) await watchProbation({ before, now, settings: probation, signal });
  } catch (thrown) {
    if (signal.aborted) return undefined;
    const error = asGatewayError(thrown, 'MODEL_PROBATION_FAILED');
    try {
      const went = await goBack(context, { error, by, show, signal });
      return { data: { state: 'rolled_back', ...went }, error };
    } catch (err) {
      // There may be nothing to go back to. Why it should have is what matters to those who asked.
      context.log.error({ err }, 'Version that disappointed stays in charge');
      throw error;
    }
  }
  await store.change(name, (pointers) => confirmed(pointers, ref));
  faultPoint('version-confirmed');
  await store.makeRoom();
  journal.write('confirmed', { by, version: ref.version, digest: ref.digest });
  return { data: { state: 'done', version: ref.version, digest: ref.digest } };
}

async function fetchBundle(
  { store, journal }: UpdateContext,
  { release, repository }: Offer,
  { request, show, signal }: Run,
): Promise<void> {
  const { version, digest, bytes, channel } = release;
  const onProgress = (received: number) => {
    faultPoint('download-begun');
    show({ phase: 'fetching', version, share: received / bytes });
  };
  await store.bring(digest, bytes, (file) => repository.download(release, file, { signal, onProgress }));
  faultPoint('download-done');
  journal.write('verified', { version, digest, bytes, channel, by: request.by });
}

async function installBundle(
  context: UpdateContext,
  { release }: Offer,
  run: Run,
): Promise<Outcome | undefined> {
  const { name, host, config, store, journal, alone, onDisagreement } = context;
  const { request, show, signal } = run;
  const { version, digest } = release;
  const old = host.ref;
  const { ref, before, shadow } = await alone(() =>
    swapIn({
      host,
      mode: config.swap,
      bundle: { path: store.file(digest), digest },
      shadow: request.shadow,
      onDisagreement,
      signal,
      onPhase: (phase, share) => show({ phase, version, ...(share === undefined ? {} : { share }) }),
      async commit(next) {
        await store.change(name, (pointers) => activated(pointers, next, old));
        faultPoint('pointers-written');
      },
    }),
  );
  faultPoint('version-swapped');
  journal.swapped(old, ref, { by: request.by, ...(shadow ? { shadow } : {}) });
  return watchTrial(context, ref, before, run);
}

/** A timer of Node holds 24 days. */
async function sleepUntil(time: number, signal: AbortSignal): Promise<void> {
  for (let left = time - Date.now(); left > 0; left = time - Date.now()) {
    await delay(Math.min(left, dayMs), undefined, { signal, ref: false });
  }
}
