import { GatewayError } from '../../errors.ts';
import type { CommandHandler } from '../commands.ts';
import { parseUpdateRequest } from './update-request.ts';
import type { Updates } from './updates.ts';

/** What may be asked of models over the bus. Each answers with the `model` that it speaks of. */
export function modelCommands(updates: Updates): Readonly<Record<string, CommandHandler>> {
  return {
    'model/list': () => ({ models: updates.list() }),
    'model/update': async (body, { topic, respond }) => {
      const updater = updates.updater(body.model);
      const { name, config } = updater.context;
      const request = parseUpdateRequest(body, { config: config.update, topic });
      const answer = await updater.request(request, body, (data, error) =>
        respond({ model: name, ...data }, error),
      );
      return { model: name, ...answer };
    },
    'model/rollback': async ({ model, by }, { topic }) => {
      const updater = updates.updater(model);
      return { model, ...(await updater.rollback(whoAsked(topic, by))) };
    },
    'model/pin': async ({ model, pinned = true, by }, { topic }) => {
      if (typeof pinned !== 'boolean') {
        throw new GatewayError(
          'REQUEST_INVALID',
          `Expected true or false for pinned but received ${JSON.stringify(pinned)}`,
        );
      }
      return { model, ...(await updates.updater(model).pin(pinned, whoAsked(topic, by))) };
    },
  };
}

function whoAsked(topic: string, by: unknown): string {
  return typeof by === 'string' && by !== '' ? `${topic} (${by.slice(0, 100)})` : topic;
}
