import type { Schema } from '../../config/convict-schema.ts';
import { flag, integer, listOf, nullable, number, oneOf, recordOf, text } from '../../config/format.ts';
import { type Polygon, polygon } from './polygon.ts';

/** What presence and detect have in common. */
export interface SceneOptions {
  readonly classes: readonly string[];
  readonly minScore: number | null;
  readonly minArea: number;
  readonly zones: Readonly<Record<string, Polygon>>;
  readonly masks: readonly Polygon[];
  readonly motion: { readonly enabled: boolean; readonly threshold: number; readonly minShare: number };
  readonly detectEveryMs: number;
  readonly recheckMs: number;
  readonly onDelayMs: number;
  readonly lostMs: number;
  readonly offDelayMs: number;
  readonly sampleNearThreshold: number;
  readonly annotate: 'change' | 'always' | 'never';
}

const ms = (max: number) => integer({ min: 0, max, unit: 'milliseconds' });

export function sceneSchema(defaults: Pick<SceneOptions, 'classes' | 'annotate' | 'offDelayMs'>) {
  return {
    classes: {
      doc: 'Labels of the model that count; []: all of them.',
      format: listOf(text),
      default: defaults.classes,
    },
    minScore: {
      doc: "Least score of what begins to be followed. null: threshold `score` of the model's bundle.",
      format: nullable(number({ min: 0, max: 1 })),
      default: null,
    },
    minArea: {
      doc: 'Least size of a box, as a share of the picture.',
      format: number({ min: 0, max: 1 }),
      default: 0.001,
    },
    zones: {
      doc: 'By name, polygons of corners [x, y] from 0 to 1. In a zone is who stands in it: the lower side counts.',
      format: recordOf(polygon),
      default: {},
    },
    masks: {
      doc: 'Polygons in which nothing counts, neither motion nor what stands there.',
      format: listOf(polygon),
      default: [],
    },
    motion: {
      enabled: {
        doc: 'Look only when something moves: a still room costs almost nothing.',
        format: flag,
        default: true,
      },
      threshold: {
        doc: 'By how many of 255 grey levels a pixel must differ.',
        format: number({ min: 1, max: 255 }),
        default: 12,
      },
      minShare: {
        doc: 'Share of the picture that must differ.',
        format: number({ min: 0, max: 1 }),
        default: 0.002,
      },
    },
    detectEveryMs: {
      doc: 'Least time between two looks at a source; between them everything stays where it was seen.',
      format: ms(60_000),
      default: 200,
    },
    recheckMs: {
      doc: 'Look at least so often, also when nothing moves.',
      format: ms(3_600_000),
      default: 30_000,
    },
    onDelayMs: {
      doc: 'What is seen counts when it was seen for so long.',
      format: ms(3_600_000),
      default: 300,
    },
    lostMs: {
      doc: 'Who is not seen for so long has gone.',
      format: ms(3_600_000),
      default: 2_000,
    },
    offDelayMs: {
      doc: 'A place stays occupied for so long after the last one has gone.',
      format: ms(86_400_000),
      default: defaults.offDelayMs,
    },
    sampleNearThreshold: {
      doc: 'A picture is a sample where something that counts has a score of less than this above minScore. 0: none is.',
      format: number({ min: 0, max: 1 }),
      default: 0.05,
    },
    annotate: {
      doc: 'When to publish the picture with boxes: it shows what the camera sees to everybody on the bus.',
      format: oneOf('change', 'always', 'never'),
      default: defaults.annotate,
    },
  } satisfies Schema;
}
