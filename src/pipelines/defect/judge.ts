import { GatewayError } from '../../errors.ts';
import type { Detection, Outputs } from '../../models/model.ts';
import { counts, type Heatmap, masked, type Region, regionsOf } from './heatmap.ts';
import type { DefectOptions } from './options.ts';

export interface Finding {
  /** In [0, 1]; 0.5 is the threshold of the model. */
  readonly score: number;
  /** Hottest first; in shares of what was judged. */
  readonly regions: readonly Region[];
  readonly heatmap?: Heatmap;
  /** Of a classifier. */
  readonly label?: string;
}

type JudgeOptions = Pick<DefectOptions, 'areas' | 'masks' | 'minArea' | 'goodLabels'>;

/**
 * What a model of any kind says of a part: an anomaly or segmentation model by its outputs `score` and `heatmap`, a
 * detector by what it sees, a classifier by what is not among the good classes.
 * @param threshold of the bundle, for detectors.
 * @throws PIPELINE_FAILED for a model of another kind.
 */
export function judge(outputs: Outputs, options: JudgeOptions, threshold = 0.5): Finding {
  const { tensors, detections, classes } = outputs;
  const partial = options.areas.length + options.masks.length > 0 || options.minArea > 0;
  const heatmap = heatmapOf((partial && tensors?.local) || tensors?.heatmap);
  if (heatmap) return judgeHeatmap(heatmap, partial ? undefined : tensors?.score?.data[0], options);
  if (detections) return judgeDetections(detections, options, threshold);
  if (classes?.[0]) {
    const good = classes.filter(({ label }) => options.goodLabels.includes(label));
    const score = 1 - good.reduce((sum, each) => sum + each.score, 0);
    return { score: Math.min(1, Math.max(0, score)), regions: [], label: classes[0].label };
  }
  throw new GatewayError(
    'PIPELINE_FAILED',
    'Expected a heatmap, detections or classes of the model for defect but received none of them',
  );
}

/** `[height, width]`; a channel of 1 before or after changes nothing. */
function heatmapOf(tensor: NonNullable<Outputs['tensors']>[string] | undefined): Heatmap | undefined {
  const sides = tensor?.shape.filter((side) => side !== 1) ?? [];
  const [height, width] = sides;
  if (!tensor || sides.length !== 2 || !height || !width) return undefined;
  return { width, height, data: Float32Array.from(tensor.data) };
}

/**
 * The score of the model is that of the whole picture. Where some of it does not count, or small defects do not,
 * it no longer says anything, and what is left of the heatmap decides: of `local`, where the model tells apart what
 * it says of places from what it says of the whole.
 */
function judgeHeatmap(whole: Heatmap, score: number | undefined, options: JudgeOptions): Finding {
  const { areas, masks, minArea } = options;
  const heatmap = masked(whole, areas, masks);
  const all = regionsOf(heatmap, 0.5);
  const regions = all.filter(({ area }) => area >= minArea);
  if (score !== undefined) return { score, regions, heatmap };
  const cool = heatmap.data.reduce((best, value) => (value < 0.5 ? Math.max(best, value) : best), 0);
  return { score: regions[0]?.score ?? cool, regions, heatmap };
}

function judgeDetections(
  detections: readonly Detection[],
  { areas, masks, minArea }: JudgeOptions,
  threshold: number,
): Finding {
  const regions = detections
    .map(({ label, score, box }) => ({
      label,
      box,
      area: box.width * box.height,
      score:
        score < threshold ? (0.5 * score) / threshold : 0.5 + (0.5 * (score - threshold)) / (1 - threshold),
    }))
    .filter(({ area, box }) => {
      const middle = [box.x + box.width / 2, box.y + box.height / 2] as const;
      return area >= minArea && counts(...middle, areas, masks);
    });
  return { score: regions[0]?.score ?? 0, regions: regions.filter(({ score }) => score >= 0.5) };
}
