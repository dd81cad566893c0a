import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Message } from '../../src/bus/bus.ts';
import { type BusClient, connectClient } from '../../src/bus/external.ts';
import { loadConfig } from '../../src/config/load.ts';
import { Gateway } from '../../src/daemon/gateway.ts';
import type { Health } from '../../src/daemon/health.ts';
import { createLog } from '../../src/log.ts';

const examples = new URL('../../examples/digits/', import.meta.url);

/** Sources, model and pipeline of the digits; free ports; one process, so that tests start fast. */
export const digitsYaml = `
gateway: { id: gw }
bus: { embedded: { port: 0, persist: false } }
http: { port: 0 }
models:
  digits: { bundle: 'builtin:digits', instances: 1, maxBatch: 32 }
sources:
  cameras: { topic: 'cameras/{source}/frame' }
pipelines:
  digits: { use: classify, models: { classifier: digits }, mailbox: every }
`;

export interface Digit {
  readonly id: string;
  readonly label: string;
  readonly png: Buffer;
}

export async function readDigits(): Promise<Digit[]> {
  const names = (await readdir(examples)).filter((name) => name.endsWith('.png'));
  return Promise.all(
    names.map(async (id) => ({ id, label: id.slice(0, 1), png: await readFile(new URL(id, examples)) })),
  );
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'edgeward-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export interface Started {
  readonly gateway: Gateway;
  readonly client: BusClient;
  readonly url: string;
  readonly configFile: string;
  readonly log: string[];
}

/** A gateway in this process and a client of its embedded broker. */
export async function startGateway(yaml = digitsYaml): Promise<Started> {
  const folder = await temporaryFolder();
  const configFile = join(folder, 'edgeward.yaml');
  await writeFile(configFile, yaml);
  const env = { EDGEWARD_GATEWAY_STATE_DIR: join(folder, 'state') };
  const reload = () => loadConfig({ file: configFile, env });
  const lines: string[] = [];
  const log = await createLog({
    level: 'debug',
    format: 'json',
    destination: { write: (line) => void lines.push(line) },
  });
  const gateway = new Gateway({ config: reload(), configFile, reload, version: '0.0.0', log });
  onTestFinished(() => gateway.stop());
  await gateway.start(new AbortController().signal);
  const url = gateway.brokerUrls[0] ?? '';
  const client = await connectClient({ url, protocol: '3.1.1' });
  onTestFinished(() => client.close());
  return { gateway, client, url, configFile, log: lines };
}

/** Messages of a filter as they come. `until` resolves when as many have come as asked for. */
export async function collect(client: BusClient, filter: string) {
  const messages: Message[] = [];
  const waiting = new Set<() => void>();
  await client.subscribe(
    filter,
    (message) => {
      messages.push(message);
      for (const wake of waiting) wake();
    },
    1,
  );
  const until = async (enough: number | ((messages: readonly Message[]) => boolean), timeoutMs = 20_000) => {
    const isEnough = typeof enough === 'number' ? () => messages.length >= enough : () => enough(messages);
    const deadline = Date.now() + timeoutMs;
    while (!isEnough()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`Expected more messages of ${filter} but received ${messages.length}`);
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        waiting.add(wake);
      });
    }
    return messages;
  };
  return { messages, until, json: () => messages.map(({ payload }) => JSON.parse(payload.toString())) };
}

/** The first process of the digits model. */
export function modelProcess(health: Health | undefined): { pid: number; rss: number } {
  const digits = health?.models.digits as { processes: { pid: number; rss: number }[] } | undefined;
  const process = digits?.processes[0];
  if (!process) throw new Error('Expected a model process');
  return process;
}

export function envelope({ id, png }: { id: string; png: Buffer }): string {
  return JSON.stringify({ id, data: png.toString('base64') });
}
