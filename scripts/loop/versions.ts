import type { Digits } from './digits.ts';

/** What is trained, released and announced. */
export interface Version {
  readonly version: string;
  readonly data: string;
  /** What was special about its training, for people. */
  readonly learnedFrom: string;
  readonly limit?: number;
  readonly notes: string;
  /** What the update message says beside the version. */
  readonly message: Readonly<Record<string, unknown>>;
  /** How the gateway has to end it. */
  readonly ends: { readonly state: 'done' | 'rejected' | 'rolled_back'; readonly code?: string };
}

const shadow = { frames: 200 };
const done = { state: 'done' } as const;

export function versionsOf({ folder, count }: Digits): readonly Version[] {
  const few = Math.floor(count / 6);
  return [
    {
      version: '1.0.0',
      data: folder,
      learnedFrom: `${few.toLocaleString('en')} digits`,
      limit: few,
      notes: 'The first.',
      message: {},
      ends: done,
    },
    {
      version: '2.0.0',
      data: folder,
      learnedFrom: `${count.toLocaleString('en')} digits`,
      notes: 'Six times the digits.',
      message: { shadow },
      ends: done,
    },
    {
      version: '3.0.0',
      data: 'shifted',
      learnedFrom: 'labels one off',
      notes: 'Faster labelling.',
      message: { shadow },
      ends: { state: 'rejected', code: 'MODEL_SHADOW_MISMATCH' },
    },
    {
      version: '3.0.1',
      data: 'guessed',
      learnedFrom: '2 of 3 labels guessed',
      notes: 'Labels mended, in haste.',
      message: {},
      ends: { state: 'rolled_back', code: 'MODEL_PROBATION_FAILED' },
    },
  ];
}
