import type { ModelRef } from '../model.ts';

/** What the gateway remembers of one model, over restarts. */
export interface Pointers {
  readonly format: 1;
  /** What ran last, and is started again. */
  readonly active?: ModelRef;
  /** The last that passed its probation. */
  readonly confirmed?: ModelRef;
  /** What ran before `active`: where a rollback leads. */
  readonly previous?: ModelRef;
  /** The version that is to stay: no update replaces it. */
  readonly pinned?: ModelRef;
  /** Versions that disappointed and are not tried again, the latest last. */
  readonly refused: readonly Refused[];
  /** Starts of the gateway with `active` while it was not yet confirmed. */
  readonly trialBoots: number;
  /** A request for an update that was accepted and has nothing to show yet: it goes on after a restart. */
  readonly pending?: Readonly<Record<string, unknown>>;
}

export interface Refused {
  readonly version: string;
  readonly digest: string;
  /** Code of the error table. */
  readonly code: string;
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

export const noPointers: Pointers = { format: 1, refused: [], trialBoots: 0 };

/** More are forgotten, the oldest first. */
const maxRefused = 64;

export function withRefused(pointers: Pointers, refused: Refused): Pointers {
  const others = pointers.refused.filter(({ digest }) => digest !== refused.digest);
  return { ...pointers, refused: [...others, refused].slice(-maxRefused) };
}

/** `next` is put in charge, on trial. What ran until now has proved itself by running. */
export function activated(pointers: Pointers, next: ModelRef, until: ModelRef | undefined): Pointers {
  const { pending: _, previous, ...others } = pointers;
  const before = until ?? previous;
  return {
    ...others,
    active: next,
    ...(before ? { previous: before } : {}),
    ...(until ? { confirmed: until } : {}),
    trialBoots: 0,
  };
}

/** `ref` has passed its probation, whatever was thought of it before. */
export function confirmed(pointers: Pointers, ref: ModelRef): Pointers {
  const refused = pointers.refused.filter(({ digest }) => digest !== ref.digest);
  return { ...pointers, confirmed: ref, refused, trialBoots: 0 };
}

/** `to` is in charge again. There is nothing before it any more, and `bad` is not tried again. */
export function sentBack(pointers: Pointers, to: ModelRef, bad: Refused | undefined): Pointers {
  const { previous: _, pending: __, ...others } = pointers;
  const back = { ...others, active: to, confirmed: to, trialBoots: 0 };
  return bad ? withRefused(back, bad) : back;
}

/** The version in charge has not passed its probation yet. */
export function isOnTrial({ active, confirmed }: Pointers): boolean {
  return active !== undefined && confirmed !== undefined && active.digest !== confirmed.digest;
}

/** What `JSON.stringify` made of pointers; undefined of anything else. */
export function parsePointers(text: string): Pointers | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(value) || value.format !== 1) return undefined;
  const { active, confirmed, previous, pinned, refused, trialBoots, pending } = value;
  const refs = [active, confirmed, previous, pinned].filter((ref) => ref !== undefined);
  const isSound =
    refs.every((ref) => isRef(ref) && typeof ref.name === 'string') &&
    Array.isArray(refused) &&
    refused.every(isRef) &&
    typeof trialBoots === 'number' &&
    (pending === undefined || isRecord(pending));
  return isSound ? (value as unknown as Pointers) : undefined;
}

function isRef(value: unknown): value is Record<string, unknown> {
  return (
    isRecord(value) && typeof value.version === 'string' && /^sha256:[0-9a-f]{64}$/.test(String(value.digest))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
