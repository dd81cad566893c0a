import { once } from 'node:events';
import { access, constants, stat, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { BusClient } from '../../bus/external.ts';
import { connectClient } from '../../bus/external.ts';
import { compilePattern } from '../../bus/topic-filter.ts';
import { createTopics } from '../../bus/topics.ts';
import type { Config } from '../../config/types.ts';
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts';

const littleBytes = 100e6;
const tooLittleBytes = 10e6;
const httpTimeoutMs = 2_000;

/** What the configuration needs of the world around: a disk, ports, a broker. */
export async function checkSurroundings(config: Config): Promise<Finding[]> {
  const running = await runningGateway(config);
  return [
    ...(await checkDisk(config.gateway.stateDir)),
    ...(running ? [running] : [...(await checkHttp(config)), ...(await checkListeners(config))]),
    ...(config.bus.url === null ? [] : await checkBroker(config, config.bus.url)),
  ];
}

async function checkDisk(folder: string): Promise<Finding[]> {
  const existing = await nearest(folder);
  const problem = await access(existing, constants.W_OK).then(
    async () => ((await stat(existing)).isDirectory() ? undefined : `${existing} is no folder`),
    reasonOf,
  );
  if (problem !== undefined) {
    const advice =
      'let this user write there, or set gateway.stateDir; under systemd StateDirectory= makes it';
    return [fail('disk', `${folder} cannot be written: ${problem}`, advice)];
  }
  const { bavail, bsize } = await statfs(existing);
  const free = bavail * bsize;
  const text = `${folder} can be written, ${Math.round(free / 1e6)} MB free`;
  if (free >= littleBytes) return [ok('disk', text)];
  const advice = 'free some space: models and retained messages are kept there';
  return [free < tooLittleBytes ? fail('disk', text, advice) : warn('disk', text, advice)];
}

/** The folder itself, or the closest one above it that exists. */
async function nearest(folder: string): Promise<string> {
  const exists = await access(folder).then(
    () => true,
    () => false,
  );
  return exists || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

/** A gateway that runs with this configuration has its ports, and can say itself how it is. */
async function runningGateway({ http }: Config): Promise<Finding | undefined> {
  if (!http.enabled || http.port === 0) return undefined;
  try {
    const host = http.host === '0.0.0.0' || http.host === '::' ? 'localhost' : http.host;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${http.port}/healthz`;
    const response = await fetch(url, { signal: AbortSignal.timeout(httpTimeoutMs) });
    const { alive, ready, version, reasons } = (await response.json()) as Record<string, unknown>;
    if (typeof alive !== 'boolean' || !Array.isArray(reasons)) return undefined;
    const text = `edgeward ${version} runs on this computer and says it is ${ready ? 'ready' : 'not ready'}`;
    return ready ? ok('gateway', text) : warn('gateway', `${text}: ${reasons.join('; ')}`, 'see its log');
  } catch {
    return undefined; // Nobody there, or another program.
  }
}

async function checkHttp({ http }: Config): Promise<Finding[]> {
  if (!http.enabled) return [ok('http', 'switched off')];
  const error = await listenError(http.host, http.port);
  if (!error) return [ok('http', `${http.host}:${http.port} is free`)];
  return [warn('http', `health and metrics would not be served: ${error}`, 'set http.port to another one')];
}

async function checkListeners({ bus: { url, embedded } }: Config): Promise<Finding[]> {
  if (url !== null) return [];
  const listeners = {
    port: embedded.port,
    websocketPort: embedded.websocketPort,
    'tls.port': embedded.tls.port,
  };
  const findings: Finding[] = [];
  for (const [key, port] of Object.entries(listeners)) {
    if (port === null) continue;
    const error = await listenError(embedded.host, port);
    findings.push(
      error
        ? fail(
            'broker',
            `the embedded broker could not listen: ${error}`,
            `end the program that has the port (another gateway, mosquitto?), set bus.embedded.${key}, or use that broker by bus.url`,
          )
        : ok('broker', `${embedded.host}:${port} is free for the embedded broker`),
    );
  }
  return findings;
}

/** Why nobody could listen there now. */
async function listenError(host: string, port: number): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return reasonOf(error);
  } finally {
    server.close();
  }
}

async function checkBroker(config: Config, url: string): Promise<Finding[]> {
  const { username, password, tls, protocol } = config.bus;
  let client: BusClient;
  try {
    client = await connectClient({ url, username, password, tls, protocol });
  } catch (error) {
    return [
      fail('broker', reasonOf(error), 'check bus.url, its credentials and certificates, and that it runs'),
    ];
  }
  try {
    const { requests } = createTopics({ base: config.topics.base, gateway: config.gateway.id });
    const filters = [
      requests,
      ...Object.values(config.sources).map(({ topic }) => compilePattern(topic).filter),
    ];
    const refused: Finding[] = [];
    for (const filter of filters) {
      await client
        .subscribe(filter, () => {})
        .catch((error) => {
          refused.push(fail('broker', `${filter}: ${reasonOf(error)}`, 'allow this user to subscribe to it'));
        });
    }
    return refused.length > 0
      ? refused
      : [ok('broker', `lets the gateway in and subscribe, MQTT ${protocol}`)];
  } finally {
    await client.close();
  }
}
