import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { GatewayError } from '../errors.ts';

/**
 * One password: not shown on a terminal, and asked for twice if it is new; else the first line of the input.
 * @throws REQUEST_INVALID if there is none or the two differ.
 */
export async function readPassword(
  input: ReadStream,
  terminal: WriteStream,
  { question = 'Password', isNew = true } = {},
): Promise<string> {
  const isTerminal = input.isTTY;
  // readline edits the line on a terminal that shows nothing of it.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface(isTerminal ? { input, output, terminal: true } : { input });
  const answers = lines[Symbol.asyncIterator]();
  const ask = async (question: string): Promise<string> => {
    if (isTerminal) terminal.write(question);
    const answer = await answers.next();
    if (isTerminal) terminal.write('\n');
    if (answer.done || answer.value === '') throw refusal('a password', 'nothing');
    return answer.value;
  };
  try {
    const password = await ask(`${question}: `);
    if (isTerminal && isNew && (await ask('Once more: ')) !== password) {
      throw refusal('the same password twice', 'another one');
    }
    return password;
  } finally {
    lines.close();
  }
}

function refusal(expected: string, received: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected ${expected} on the input but received ${received}`);
}
