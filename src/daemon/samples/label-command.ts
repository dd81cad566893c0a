import { GatewayError } from '../../errors.ts';
import type { CommandHandler, Request } from '../commands.ts';
import { isLabel } from './sample.ts';
import { idOf, type SampleKeeper } from './sample-keeper.ts';

/**
 * `request/sample/label`: `{ sample, label }` or `{ frame, label, source?, pipeline? }`, by which a person says
 * what a frame shows. A frame that is not kept yet is kept, if it is one of the last that were judged.
 */
export function labelCommand(keeper: SampleKeeper | undefined): CommandHandler {
  return async (request) => {
    if (!keeper) throw invalid('samples.enabled: true in the configuration', 'sample/label', 'false');
    const { label } = request;
    if (!isLabel(label)) {
      throw invalid('1 to 64 characters that may name a folder', 'label', JSON.stringify(label));
    }
    const id = await findOne(keeper, request);
    const recent = keeper.recent.get(id);
    if (recent && !keeper.store.has(id)) await keeper.keep(recent, 'correction');
    const labelled = await keeper.store.label(id, label);
    if (!labelled) throw notFound(id);
    keeper.tell(labelled);
    const { frame, source, pipeline } = labelled.sample;
    return { sample: id, frame: frame.id, source, pipeline, label };
  };
}

async function findOne(keeper: SampleKeeper, request: Request): Promise<string> {
  const { sample, frame, source, pipeline } = request;
  if (typeof sample === 'string') return sample;
  if (typeof frame !== 'string') throw invalid('a text', 'sample or frame', JSON.stringify(sample ?? frame));
  const asked = (found: { source: string; pipeline: string }) =>
    (source === undefined || found.source === source) &&
    (pipeline === undefined || found.pipeline === pipeline);
  const kept = (await keeper.store.find(frame)).filter(({ sample: each }) => asked(each));
  const recent = keeper.recent.filter(
    (judged) =>
      judged.frame.id === frame && asked({ source: judged.frame.source, pipeline: judged.pipeline }),
  );
  const ids = [...new Set([...kept.map(({ sample: { id } }) => id), ...recent.map(idOf)])];
  const [id] = ids;
  if (id === undefined) throw notFound(frame);
  if (ids.length > 1) {
    throw invalid('source and pipeline, or sample,', `frame ${frame}`, `one that is ${ids.join(' and ')}`);
  }
  return id;
}

function notFound(what: string): GatewayError {
  return invalid('a sample that is kept, or one of the last frames,', 'sample/label', what);
}

function invalid(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
