import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { styleText } from 'node:util';
import type { BusClient } from '../../bus/external.ts';
import { version } from '../../version.ts';
import { type Digit, draw, readDigits } from './digits.ts';
import { startGateway } from './gateway-process.ts';

const source = 'desk';
const topic = `cameras/${source}/frame`;

interface Verdict {
  readonly frame: { readonly id: string };
  readonly models: readonly { readonly name: string; readonly version: string }[];
  readonly latencyMs: number;
  readonly result?: { readonly class: string; readonly score: number };
  readonly error?: { readonly code: string; readonly message: string };
}

/** Runs until `count` verdicts have come, a signal, or the end of the gateway. Returns the exit code. */
export async function runDemo(options: { rate: number; count?: number }): Promise<number> {
  const stateDir = await mkdtemp(join(tmpdir(), 'edgeward-demo-'));
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  try {
    // The gateway starts while the pictures are read.
    const [gateway, digits] = await Promise.all([startGateway({ stateDir }), readDigits()]);
    gateway.exited.then(() => stopping.abort());
    print(introduction(gateway.brokerUrl, gateway.httpUrl));
    const tally = await follow(gateway.client, digits, options.count, stopping);
    await send(gateway.client, digits, options.rate, stopping.signal);
    await gateway.stop();
    print(`\n${tally.right} of ${tally.seen} digits read as their writer meant them.\n`);
    return tally.seen > 0 ? 0 : 1;
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

function introduction(brokerUrl: string, httpUrl: string): string {
  const port = new URL(brokerUrl).port;
  return `
edgeward ${version}: pictures of digits go to ${topic}, an int8 net in a process of its own reads them,
the verdicts come back on edgeward/demo/${source}/digits/result. From another terminal:

  mosquitto_sub -p ${port} -t 'edgeward/#' -v     everything that the gateway says
  curl ${httpUrl}/metrics           and what it measures of itself

Ctrl-C ends.

`;
}

/** Prints the verdicts as they come. */
async function follow(
  client: BusClient,
  digits: readonly Digit[],
  count = Number.POSITIVE_INFINITY,
  stopping: AbortController,
) {
  const tally = { seen: 0, right: 0 };
  await client.subscribe(`edgeward/+/${source}/digits/result`, ({ payload }) => {
    if (tally.seen >= count) return;
    const verdict: Verdict = JSON.parse(payload.toString());
    const digit = digits.find(({ id }) => id === verdict.frame.id);
    if (!digit) return;
    const isRight = verdict.result?.class === digit.label;
    tally.seen++;
    if (isRight) tally.right++;
    print(describe(verdict, digit, isRight, tally));
    if (tally.seen >= count) stopping.abort();
  });
  return tally;
}

function describe(
  verdict: Verdict,
  digit: Digit,
  isRight: boolean,
  tally: { seen: number; right: number },
): string {
  const { result, error, models, latencyMs } = verdict;
  const said = result
    ? `${result.class}  ${(result.score * 100).toFixed(1)} %`
    : `${error?.code}: ${error?.message}`;
  const colour = isRight ? 'green' : 'red';
  const model = models.map(({ name, version }) => `${name} ${version}`).join(', ');
  const line = `${styleText(colour, `${said.padEnd(12)} ${isRight ? '✓' : `✗ meant ${digit.label}`}`)}  ${latencyMs} ms  ${digit.id}  ${model}  ${tally.right}/${tally.seen}`;
  if (!process.stdout.isTTY) return `${line}\n`;
  return `${draw(digit).slice(2, 12).join('\n')}\n${line}\n`;
}

/** Publishes the digits in turn, as an envelope so that each verdict names its picture. */
async function send(
  client: BusClient,
  digits: readonly Digit[],
  rate: number,
  signal: AbortSignal,
): Promise<void> {
  const interval = 1000 / rate;
  let due = performance.now();
  for (let i = 0; !signal.aborted; i++) {
    const digit = digits[i % digits.length];
    if (!digit) return;
    const envelope = {
      id: digit.id,
      capturedAt: Date.now(),
      contentType: 'image/png',
      data: digit.png.toString('base64'),
    };
    await client.publish(topic, JSON.stringify(envelope), { qos: 1 });
    due += interval;
    await delay(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => {});
  }
}

function print(text: string): void {
  process.stdout.write(text);
}
