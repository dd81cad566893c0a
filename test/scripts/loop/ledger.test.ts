import { expect, it } from 'vitest';
import { Ledger } from '../../../scripts/loop/ledger.ts';

function verdict(id: string, said: { class?: string; code?: string; version?: string }) {
  const { class: name, code, version = '1.0.0' } = said;
  return {
    frame: { id },
    models: code ? [] : [{ version }],
    ...(name === undefined ? {} : { result: { class: name } }),
    ...(code === undefined ? {} : { error: { code } }),
  };
}

it('tells frames that were lost from those that were answered, failed or answered twice', () => {
  const ledger = new Ledger();
  for (const id of ['right', 'wrong', 'twice', 'failed', 'lost', 'on its way']) ledger.sending(id, '7');
  ledger.answered(verdict('right', { class: '7' }));
  ledger.answered(verdict('wrong', { class: 'unsure' }));
  ledger.answered(verdict('twice', { class: '7' }));
  ledger.answered(verdict('twice', { class: '7', version: '2.0.0' }));
  ledger.answered(verdict('failed', { code: 'MODEL_UNAVAILABLE' }));
  ledger.answered(verdict('of another camera', { class: '7' }));
  for (const id of ['right', 'wrong', 'twice', 'failed', 'lost']) ledger.acknowledged(id);
  expect(ledger.balance()).toEqual({
    sent: 5,
    answered: 4,
    lost: 1,
    repeated: 1,
    errors: { MODEL_UNAVAILABLE: 1 },
    versions: new Map([
      ['1.0.0', { frames: 3, right: 2 }],
      ['2.0.0', { frames: 1, right: 1 }],
    ]),
  });
});
