import { readFile } from 'node:fs/promises';
import { GatewayError } from '../errors.ts';

/** Files in PEM, or their contents where the text holds `-----BEGIN`. */
export interface TlsOptions {
  readonly ca?: string | null;
  readonly cert?: string | null;
  readonly key?: string | null;
  /** Check the broker's certificate. Default true. */
  readonly verify?: boolean;
}

/** Where a broker is and how to be let in. */
export interface BrokerAddress {
  /** `mqtt`, `mqtts`, `ws` or `wss`; may hold `user:password@`. */
  readonly url: string;
  readonly username?: string | null;
  readonly password?: string | null;
  readonly tls?: TlsOptions;
  /** Default 3.1.1, which every broker speaks; the embedded one speaks nothing else. */
  readonly protocol?: '3.1.1' | '5';
}

/** What mqtt.js wants to know of a broker's address. */
export interface ConnectOptions {
  /** Without credentials: safe to show. */
  url: string;
  protocolVersion: 4 | 5;
  username?: string;
  password?: string;
  ca?: string;
  cert?: string;
  key?: string;
  rejectUnauthorized?: boolean;
}

const secure = new Set(['mqtts:', 'wss:']);
const plain = new Set(['mqtt:', 'ws:']);

/** @throws CONFIG_INVALID if the URL is none of MQTT's or a certificate cannot be read. */
export async function connectOptions(broker: BrokerAddress): Promise<ConnectOptions> {
  const url = parse(broker.url);
  const username = broker.username ?? (decodeURIComponent(url.username) || undefined);
  const password = broker.password ?? (decodeURIComponent(url.password) || undefined);
  url.username = '';
  url.password = '';
  return {
    url: url.href,
    protocolVersion: broker.protocol === '5' ? 5 : 4,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(secure.has(url.protocol) ? await tlsOptions(broker.tls ?? {}) : {}),
  };
}

function parse(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && url.hostname !== '' && (secure.has(url.protocol) || plain.has(url.protocol))) return url;
  const shown = text.replace(/\/\/[^@/]*@/, '//…@');
  throw new GatewayError(
    'CONFIG_INVALID',
    `Expected mqtt://, mqtts://, ws:// or wss:// and a host for the broker's URL but received ${shown}`,
  );
}

async function tlsOptions({ ca, cert, key, verify }: TlsOptions) {
  return {
    rejectUnauthorized: verify ?? true,
    ...(ca == null ? {} : { ca: await readPem(ca) }),
    ...(cert == null ? {} : { cert: await readPem(cert) }),
    ...(key == null ? {} : { key: await readPem(key) }),
  };
}

/** @throws CONFIG_INVALID if the file cannot be read. */
export async function readPem(text: string): Promise<string> {
  if (text.includes('-----BEGIN')) return text;
  try {
    return await readFile(text, 'utf8');
  } catch (cause) {
    throw new GatewayError(
      'CONFIG_INVALID',
      `Expected a readable PEM file for TLS but received ${text} (${cause instanceof Error ? cause.message : cause})`,
      { cause },
    );
  }
}
