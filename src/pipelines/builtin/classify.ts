import { number, oneOf } from '../../config/format.ts';
import { GatewayError } from '../../errors.ts';
import type { ClassScore } from '../../models/model.ts';
import { definePipeline } from '../contract.ts';
import { modelOf } from '../model-of.ts';
import { pictureOf } from '../picture-of.ts';
import { rounded } from '../rounded.ts';

interface Options {
  readonly minScore: number;
  readonly sampleNearThreshold: number;
  readonly sampleMargin: number;
  readonly annotate: 'change' | 'always' | 'never';
}

/** Says which class a picture shows, and `unsure` below the least score. */
export default definePipeline<Options>({
  name: 'classify',
  api: 1,
  models: ['classifier'],
  options: {
    minScore: {
      doc: 'Least probability of a class; below it the verdict is `unsure`.',
      format: number({ min: 0, max: 1 }),
      default: 0.5,
    },
    sampleNearThreshold: {
      doc: 'A frame is a sample where its best score is within this of minScore. 0: none is.',
      format: number({ min: 0, max: 1 }),
      default: 0.1,
    },
    sampleMargin: {
      doc: 'A frame is a sample where its best two scores differ by less than this. 0: none is.',
      format: number({ min: 0, max: 1 }),
      default: 0.1,
    },
    annotate: {
      doc: 'When to publish the picture with its verdict drawn on it.',
      format: oneOf('change', 'always', 'never'),
      default: 'change',
    },
  },
  create({ options }) {
    return {
      async process(frame, { models }) {
        const { classes = [] } = await modelOf(models, 'classifier').infer(pictureOf(frame, 'classify'));
        const [best] = classes;
        if (!best) {
          throw new GatewayError(
            'PIPELINE_FAILED',
            'Expected a model with output decoding `classes` for classify',
          );
        }
        const sure = best.score >= options.minScore;
        const verdict = sure ? best.label : 'unsure';
        const score = rounded(best.score);
        const mark = {
          label: `${verdict} ${Math.round(best.score * 100)} %`,
          tone: sure ? 'ok' : 'warn',
        } as const;
        const reason = whyUnsure(classes, options);
        return {
          result: {
            class: verdict,
            score,
            classes: classes.map(({ label, score }) => ({ label, score: rounded(score) })),
          },
          state: { class: verdict, score },
          ...(reason === undefined ? {} : { sample: { reason } }),
          ...(options.annotate === 'never' ? {} : { picture: { marks: [mark], when: options.annotate } }),
        };
      },
      pictures: options.annotate !== 'never',
      entities: () => [
        {
          key: 'class',
          platform: 'sensor',
          name: 'class',
          from: 'state',
          template: '{{ value_json.class }}',
        },
        {
          key: 'score',
          platform: 'sensor',
          name: 'score',
          from: 'state',
          template: '{{ (value_json.score * 100) | round(1) }}',
          unit: '%',
          stateClass: 'measurement',
        },
      ],
    };
  },
});

/** Why the net may well be wrong, if it may. */
function whyUnsure([best, second]: readonly ClassScore[], options: Options): string | undefined {
  const { minScore, sampleNearThreshold, sampleMargin } = options;
  if (!best) return undefined;
  if (Math.abs(best.score - minScore) < sampleNearThreshold) return 'near-threshold';
  if (second && best.score - second.score < sampleMargin) return 'small-margin';
  return undefined;
}
