import type { Schema } from '../../config/convict-schema.ts';
import { flag, integer, nullable, number } from '../../config/format.ts';

export interface WhoOptions {
  readonly enabled: boolean;
  readonly match: number | null;
  readonly margin: number | null;
  readonly minFaces: number;
  readonly minScore: number | null;
  readonly minPixels: number;
  readonly everyMs: number;
  readonly againMs: number;
}

const ms = integer({ min: 0, max: 3_600_000, unit: 'milliseconds' });

export const whoSchema = {
  enabled: {
    doc: 'Recognise members of the house, where models for roles `face` and `embedder` are given.',
    format: flag,
    default: true,
  },
  match: {
    doc: "Least likeness (cosine) to a member. null: threshold `match` of the embedder's bundle.",
    format: nullable(number({ min: -1, max: 1 })),
    default: null,
  },
  margin: {
    doc: "By how much it must exceed that to anybody else. null: threshold `margin` of the embedder's bundle.",
    format: nullable(number({ min: 0, max: 2 })),
    default: null,
  },
  minFaces: {
    doc: 'Pictures of a face that are judged together before anybody is named.',
    format: integer({ min: 1, max: 8 }),
    default: 2,
  },
  minScore: {
    doc: "Least score of a face. null: threshold `score` of the face detector's bundle.",
    format: nullable(number({ min: 0, max: 1 })),
    default: null,
  },
  minPixels: {
    doc: 'Least side of a face in pixels of the picture: smaller ones tell nothing.',
    format: integer({ min: 8, max: 4_096, unit: 'pixels' }),
    default: 32,
  },
  everyMs: { doc: 'How often the face of somebody who is not known is looked at.', format: ms, default: 300 },
  againMs: { doc: 'How often the face of a member is looked at again.', format: ms, default: 5_000 },
} satisfies Schema;
