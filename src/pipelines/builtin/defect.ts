import { GatewayError } from '../../errors.ts';
import { type Decision, definePipeline } from '../contract.ts';
import { eventsOf, marksOf, resultOf, stateOf } from '../defect/describe.ts';
import { defectEntities } from '../defect/entities.ts';
import { judge } from '../defect/judge.ts';
import { Line, type Verdict } from '../defect/line.ts';
import { type DefectOptions, defectSchema } from '../defect/options.ts';
import { modelOf } from '../model-of.ts';
import { pictureOf } from '../picture-of.ts';
import { nearThreshold } from '../sample-hint.ts';

/** What a line was told last, to tell what changes. */
interface Watched {
  readonly line: Line;
  rateAlarm: boolean;
  overloaded: boolean;
  lastNg: { readonly frame: string; readonly at: string; readonly score: number } | null;
}

/** Judges every part that a line camera sends: OK, NG or unsure, where and how much; and the line as a whole. */
export default definePipeline<DefectOptions>({
  name: 'defect',
  api: 1,
  models: ['inspector'],
  stateful: true,
  mailbox: 'every',
  options: defectSchema,
  create({ options }) {
    checkOptions(options);
    const lines = new Map<string, Watched>();
    const watchedOf = (source: string): Watched => {
      const known = lines.get(source);
      if (known) return known;
      const fresh = { line: new Line(options), rateAlarm: false, overloaded: false, lastNg: null };
      lines.set(source, fresh);
      return fresh;
    };
    return {
      async process(frame, { models }) {
        const model = modelOf(models, 'inspector');
        const lag = Date.now() - frame.receivedAt;
        const outputs = await model.infer(pictureOf(frame, 'defect').crop(options.crop));
        const finding = judge(outputs, options, model.manifest?.thresholds?.score);
        const verdict = verdictOf(finding.score, options);
        const watched = watchedOf(frame.source);
        const tally = watched.line.note(verdict);
        if (verdict === 'ng') {
          watched.lastNg = {
            frame: frame.id,
            at: new Date(frame.receivedAt).toISOString(),
            score: finding.score,
          };
        }
        const now = { overloaded: lag > options.lagMs, rateAlarm: tally.rateAlarm };
        const events = eventsOf({ verdict, finding, tally, before: watched, now, lag, crop: options.crop });
        Object.assign(watched, now);
        const wanted = options.annotate === 'always' || (options.annotate === 'ng' && verdict === 'ng');
        return {
          result: resultOf(verdict, finding, options.crop),
          state: stateOf({ verdict, finding, tally, lastNg: watched.lastNg, ...now }),
          events,
          ...sampleOf(verdict, finding.score, options),
          ...(wanted && {
            picture: { marks: marksOf(verdict, finding, options.crop), when: 'always' as const },
          }),
        };
      },
      pictures: options.annotate !== 'never',
      entities: defectEntities,
      commands: {
        'defect/reset': ({ source }) => {
          const names = source === undefined ? [...lines.keys()] : [String(source)];
          const reset = names.filter((name) => lines.delete(name));
          if (source !== undefined && reset.length === 0) {
            throw new GatewayError(
              'REQUEST_INVALID',
              `Expected a line that has sent parts for source but received ${names[0]}`,
            );
          }
          return { reset };
        },
      },
    };
  },
});

function verdictOf(score: number, { ngScore, unsureScore }: DefectOptions): Verdict {
  if (score >= ngScore) return 'ng';
  return score >= unsureScore ? 'unsure' : 'ok';
}

function sampleOf(verdict: Verdict, score: number, options: DefectOptions): Pick<Decision, 'sample'> {
  const { ngScore, sampleNearThreshold } = options;
  if (verdict === 'unsure' && sampleNearThreshold > 0) return { sample: { reason: 'unsure' } };
  return nearThreshold(score, ngScore, sampleNearThreshold);
}

function checkOptions({ ngScore, unsureScore, crop }: DefectOptions): void {
  if (unsureScore > ngScore) {
    throw new GatewayError(
      'PIPELINE_LOAD_FAILED',
      `Expected at most ngScore ${ngScore} for unsureScore but received ${unsureScore}`,
    );
  }
  const fits =
    crop.width > 0 && crop.height > 0 && crop.x + crop.width <= 1.0001 && crop.y + crop.height <= 1.0001;
  if (!fits) {
    throw new GatewayError(
      'PIPELINE_LOAD_FAILED',
      `Expected a box inside the picture for crop but received ${JSON.stringify(crop)}`,
    );
  }
}
