import type { Schema } from '../../config/convict-schema.ts';
import { integer, listOf, nullable, number, oneOf, text } from '../../config/format.ts';
import { type Polygon, polygon } from '../scene/polygon.ts';

export interface DefectOptions {
  readonly crop: {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  readonly areas: readonly Polygon[];
  readonly masks: readonly Polygon[];
  readonly minArea: number;
  readonly ngScore: number;
  readonly unsureScore: number;
  readonly goodLabels: readonly string[];
  readonly window: number;
  readonly expectedRate: number | null;
  readonly lagMs: number;
  readonly sampleNearThreshold: number;
  readonly annotate: 'ng' | 'always' | 'never';
}

const share = number({ min: 0, max: 1 });

export const defectSchema = {
  crop: {
    x: { doc: 'Left edge of the part in the picture, as a share of its width.', format: share, default: 0 },
    y: { doc: 'Upper edge, as a share of its height.', format: share, default: 0 },
    width: {
      doc: 'Width of the part; a fitted model must have been fitted with the same --crop.',
      format: share,
      default: 1,
    },
    height: { doc: 'Height of the part.', format: share, default: 1 },
  },
  areas: {
    doc: 'Polygons of corners [x, y] from 0 to 1 of the crop, outside of which nothing counts; []: all of it.',
    format: listOf(polygon),
    default: [],
  },
  masks: { doc: 'Polygons inside which nothing counts.', format: listOf(polygon), default: [] },
  minArea: { doc: 'Least size of a defect, as a share of the crop.', format: share, default: 0 },
  ngScore: {
    doc: 'From this score on a part is NG. 0.5 is the threshold of the model.',
    format: share,
    default: 0.5,
  },
  unsureScore: { doc: 'From this score on, below ngScore, a part is unsure.', format: share, default: 0.4 },
  goodLabels: {
    doc: 'Classes of a classifier that are no defect.',
    format: listOf(text),
    default: ['ok', 'good'],
  },
  window: {
    doc: 'Parts over which the defect rate is taken.',
    format: integer({ min: 10, max: 100_000 }),
    default: 100,
  },
  expectedRate: {
    doc: 'Defect rate of the line when all is well; null: the rate of the parts before the window.',
    format: nullable(share),
    default: null,
  },
  lagMs: {
    doc: 'A part that is judged so long after it came shows that the line is overloaded.',
    format: integer({ min: 1, max: 3_600_000, unit: 'milliseconds' }),
    default: 2_000,
  },
  sampleNearThreshold: {
    doc: 'A part is a sample where its score is within this of ngScore, or where it is unsure. 0: none is.',
    format: share,
    default: 0.05,
  },
  annotate: {
    doc: 'Which parts to publish as pictures with their defects drawn on them.',
    format: oneOf('ng', 'always', 'never'),
    default: 'ng',
  },
} satisfies Schema;
