import { asGatewayError, type Code, GatewayError } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import { isOnTrial } from '../../models/store/pointers.ts';
import type { Release } from '../../models/update/index.ts';
import { admitRequest, admitRollback } from './admit.ts';
import { type Outcome, pointersOf, type Respond, type UpdateContext } from './context.ts';
import { goBack } from './go-back.ts';
import type { Progress } from './model-status.ts';
import type { Offer } from './offers.ts';
import { chooseOffer, runUpdate, watchTrial } from './run-update.ts';
import { parseUpdateRequest, type UpdateRequest } from './update-request.ts';

type Answer = Readonly<Record<string, unknown>>;

/** Progress of one phase is told in steps of this size, not with every packet. */
const progressStep = 0.1;
/** The repository has nothing that this model could take. */
const nothingNew: readonly Code[] = ['UPDATE_OLDER', 'UPDATE_REFUSED', 'UPDATE_NOT_FOUND'];

/** The updates of one model: one thing at a time, and what it is. */
export class ModelUpdater {
  readonly context: UpdateContext;
  /** What is at work, if anything is. */
  #work: AbortController | undefined;
  #ended: Promise<void> = Promise.resolve();
  #progress: Progress | undefined;
  #latest: Release | undefined;

  constructor(context: UpdateContext) {
    this.context = context;
  }

  get progress(): Progress | undefined {
    return this.#progress;
  }

  /** What the repository last had to offer. */
  get latest(): Release | undefined {
    return this.#latest;
  }

  /** Goes on where an earlier run of the gateway ended: a request that was accepted, or a version on trial. */
  resume(): void {
    const { context } = this;
    const { active, pending } = pointersOf(context);
    const parse = (body: Answer) =>
      parseUpdateRequest(body, { config: context.config.update, topic: 'start' });
    if (active && context.host.ref?.digest === active.digest && isOnTrial(pointersOf(context))) {
      const run = { request: parse({ model: context.name }), show: this.#show(() => {}) };
      this.#begin(new AbortController(), (signal) =>
        watchTrial(context, active, undefined, { ...run, signal }),
      );
    } else if (pending) {
      // What became of it is in the journal; who asked may be long gone.
      void Promise.resolve(pending)
        .then((body) => this.request(parse(body), body, () => {}))
        .catch((err) => context.log.warn({ err }, 'Request of before not carried out'));
    }
  }

  /**
   * Asks the repository what it has, and takes it where the configuration says so.
   * @throws as `chooseOffer`, but for there being nothing new.
   */
  async check(signal: AbortSignal): Promise<void> {
    const { name, config, host } = this.context;
    const body = { model: name };
    const request = parseUpdateRequest(body, { config: config.update, topic: 'poll' });
    let offer: Offer;
    try {
      offer = await chooseOffer(this.context, request, signal);
    } catch (thrown) {
      const { code } = asGatewayError(thrown, 'REQUEST_FAILED');
      if (nothingNew.includes(code)) return;
      throw thrown;
    }
    if (offer.release.digest === host.ref?.digest) return;
    this.#note(offer.release);
    const { pinned } = pointersOf(this.context);
    if (config.update.automatic && !this.#work && !pinned) await this.request(request, body, () => {});
  }

  /**
   * Begins an update. Resolves when it is accepted, or there is nothing to do; `respond` tells the rest.
   * @param body the request as it came, to go on with it after a restart.
   * @throws why it is rejected: UPDATE_BUSY, and what `admitRequest` and `chooseOffer` throw.
   */
  async request(request: UpdateRequest, body: Answer, respond: Respond): Promise<Answer> {
    const { context } = this;
    const { gateway, name, host, store, journal } = context;
    const { by, transaction = null } = request;
    journal.write('asked', { ...body, by, transaction });
    const work = new AbortController();
    try {
      this.#checkIdle();
      this.#work = work;
      admitRequest(request, { gateway, model: name, pointers: pointersOf(context) });
      const isLater = request.notBefore > Date.now();
      const offer = isLater ? undefined : await chooseOffer(context, request, work.signal);
      if (offer && offer.release.digest === host.ref?.digest) {
        this.#finish(work);
        return { state: 'done', version: offer.release.version, digest: offer.release.digest };
      }
      if (offer) this.#note(offer.release);
      this.#set({ phase: isLater ? 'scheduled' : 'fetching', ...versionOf(offer) });
      await store.change(name, (pointers) => ({ ...pointers, pending: { ...body, by } }));
      faultPoint('update-accepted');
      const show = this.#show(respond);
      this.#begin(work, (signal) => runUpdate(context, offer, { request, show, signal }), respond);
      return { state: 'accepted', ...versionOf(offer) };
    } catch (thrown) {
      const error = asGatewayError(thrown, 'REQUEST_FAILED');
      this.#finish(work);
      journal.rejected(error, { version: request.version ?? null, by });
      throw error;
    }
  }

  /**
   * Goes back to the version before. The present one is not taken again unless a request says `retry`.
   * @throws UPDATE_BUSY, UPDATE_PINNED, and what `goBack` throws.
   */
  async rollback(by: string): Promise<Answer> {
    if (this.#progress?.phase === 'probation') await this.stop();
    this.#checkIdle();
    admitRollback(pointersOf(this.context));
    const error = new GatewayError('MODEL_PROBATION_FAILED', `Sent back on request of ${by}`);
    const show = (progress: Progress) => this.#set(progress);
    return new Promise((resolve, reject) => {
      const work = async (signal: AbortSignal): Promise<Outcome> => {
        try {
          return { data: { state: 'done', ...(await goBack(this.context, { error, by, show, signal })) } };
        } catch (thrown) {
          return { data: {}, error: asGatewayError(thrown, 'REQUEST_FAILED') };
        }
      };
      this.#begin(new AbortController(), work, (data, error) => (error ? reject(error) : resolve(data)));
    });
  }

  /**
   * Keeps the present version, whatever is offered, or ends that.
   * @throws MODEL_UNAVAILABLE if none runs, UPDATE_UNWRITABLE
   */
  async pin(isPinned: boolean, by: string): Promise<Answer> {
    const { name, store, host, journal, onChange } = this.context;
    const { ref } = host;
    if (!ref) throw new GatewayError('MODEL_UNAVAILABLE', `Expected a version of model ${name} to pin`);
    await store.change(name, ({ pinned: _, ...others }) => ({
      ...others,
      ...(isPinned ? { pinned: ref } : {}),
    }));
    journal.write(isPinned ? 'pinned' : 'unpinned', { by, version: ref.version, digest: ref.digest });
    onChange();
    return { version: ref.version, pinned: isPinned };
  }

  /** Ends what is at work where it is; the next start goes on from there. */
  async stop(): Promise<void> {
    this.#work?.abort(new GatewayError('STOPPED'));
    await this.#ended;
  }

  #note(release: Release): void {
    this.#latest = release;
    this.context.onChange();
  }

  #checkIdle(): void {
    if (!this.#work) return;
    const { name } = this.context;
    const received = this.#progress?.phase ?? 'another request';
    throw new GatewayError('UPDATE_BUSY', `Expected no update of model ${name} but received ${received}`);
  }

  /** `work` is what is done with this model from now on. `respond` is told its end when the next may begin. */
  #begin(
    controller: AbortController,
    work: (signal: AbortSignal) => Promise<Outcome | undefined>,
    respond: Respond = () => {},
  ): void {
    this.#work = controller;
    this.#ended = work(controller.signal)
      .catch((thrown): Outcome => {
        const error = asGatewayError(thrown, 'REQUEST_FAILED');
        if (!controller.signal.aborted)
          this.context.log.error({ err: thrown }, 'Update not brought to its end');
        return { data: { state: 'failed' }, error };
      })
      .then((outcome) => {
        this.#finish(controller);
        if (outcome) respond(outcome.data, outcome.error);
      });
  }

  #finish(controller: AbortController): void {
    if (this.#work !== controller) return;
    this.#work = undefined;
    this.#set(undefined);
  }

  #set(progress: Progress | undefined): void {
    this.#progress = progress;
    this.context.onChange();
  }

  /** Tells whoever asked, and whoever looks. */
  #show(respond: Respond): (progress: Progress) => void {
    return (progress) => {
      const { phase, share = 0 } = this.#progress ?? {};
      const isStep = Math.floor((progress.share ?? 0) / progressStep) > Math.floor(share / progressStep);
      if (phase === progress.phase && !isStep) return;
      this.#set(progress);
      respond({ state: 'progress', ...progress });
    };
  }
}

function versionOf(offer: Offer | undefined) {
  return offer ? { version: offer.release.version, digest: offer.release.digest } : {};
}
