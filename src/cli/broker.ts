import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import type { BusClient, ClientOptions } from '../bus/external.ts';
import { GatewayError } from '../errors.ts';

/** The options of every command that talks to a broker. */
export interface BrokerOptions {
  readonly broker: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly insecure?: boolean;
  readonly protocol?: '3.1.1' | '5';
}

export function addBrokerOptions(command: Command): Command {
  return command
    .option('-b, --broker <url>', 'mqtt, mqtts, ws or wss', 'mqtt://127.0.0.1:1883')
    .option('-u, --username <name>', 'user of the broker')
    .option('--password-file <file>', 'file whose first line is the password')
    .option('--ca <file>', 'certificates of the authorities that are trusted, PEM')
    .option('--cert <file>', 'certificate of this client, PEM')
    .option('--key <file>', 'its key, PEM')
    .option('--insecure', "do not check the broker's certificate")
    .addOption(
      new Option(
        '--protocol <version>',
        'version of MQTT; default: 5, or 3.1.1 where the broker is older',
      ).choices(['3.1.1', '5']),
    );
}

export interface Connected {
  readonly client: BusClient;
  readonly protocol: '3.1.1' | '5';
}

/** CONNACK of a broker that does not speak version 5 [MQTT-3.1.2-2], and of one that does but will not. */
const unsupportedProtocol: readonly unknown[] = [0x01, 0x84];

/** @throws BUS_UNAVAILABLE, CONFIG_INVALID if a file cannot be read. */
export async function connectBroker(options: BrokerOptions): Promise<Connected> {
  const { connectClient } = await import('../bus/external.ts');
  const address = await addressOf(options);
  if (options.protocol) return { client: await connectClient(address), protocol: options.protocol };
  try {
    return { client: await connectClient({ ...address, protocol: '5' }), protocol: '5' };
  } catch (error) {
    if (!isProtocolRefusal(error)) throw error;
    return { client: await connectClient({ ...address, protocol: '3.1.1' }), protocol: '3.1.1' };
  }
}

async function addressOf(options: BrokerOptions): Promise<ClientOptions> {
  const { broker, username, passwordFile, ca, cert, key, insecure = false, protocol } = options;
  return {
    url: broker,
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: await firstLine(passwordFile) }),
    ...(protocol === undefined ? {} : { protocol }),
    tls: { ca: ca ?? null, cert: cert ?? null, key: key ?? null, verify: !insecure },
  };
}

async function firstLine(file: string): Promise<string> {
  try {
    const [line = ''] = (await readFile(file, 'utf8')).split(/\r?\n/, 1);
    return line;
  } catch (cause) {
    const received = cause instanceof Error ? cause.message : String(cause);
    throw new GatewayError(
      'CONFIG_INVALID',
      `Expected a readable file for --password-file but received ${received}`,
      { cause },
    );
  }
}

function isProtocolRefusal(error: unknown): boolean {
  const { cause } = error instanceof GatewayError ? error : {};
  return cause instanceof Error && 'code' in cause && unsupportedProtocol.includes(cause.code);
}
