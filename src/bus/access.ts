import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { verifyPassword } from '../config/password.ts';
import type { EmbeddedConfig, UserConfig } from '../config/types.ts';
import { InTurn } from '../in-turn.ts';
import type { Peer } from './connection.ts';
import { covers, matches } from './topic-filter.ts';

/** What a client that was let in may do. */
export interface Rights {
  readonly user: string;
  mayPublish(topic: string): boolean;
  /** Whether all that a filter can match may be read. */
  maySubscribe(filter: string): boolean;
  mayReceive(topic: string): boolean;
}

export interface Credentials {
  readonly peer: Peer;
  readonly username?: string | undefined;
  readonly password?: Uint8Array | undefined;
  /** Whether the client still waits for the answer. Default: it does. */
  readonly waits?: () => boolean;
}

/** Decides who is let in, and what they may publish and subscribe to. */
export class Access {
  readonly #config: EmbeddedConfig;
  /** Proofs of passwords that were right, so that scrypt is not paid at each reconnection. */
  readonly #proofs = new Map<string, Buffer>();
  readonly #secret = randomBytes(32);
  readonly #checks = new InTurn();

  constructor(config: EmbeddedConfig) {
    this.#config = config;
  }

  /** The rights of a client, or `undefined` if it is not let in. */
  async admit({ peer, username, password, waits = () => true }: Credentials): Promise<Rights | undefined> {
    const { users } = this.#config;
    const open = Object.keys(users).length === 0;
    if (username !== undefined && password !== undefined && !open) {
      const user = Object.hasOwn(users, username) ? users[username] : undefined;
      if (!user?.passwordHash) return undefined;
      if (!(await this.#verify(username, password, user.passwordHash, waits))) return undefined;
      return restricted(username, user);
    }
    const name = peer.certificateName;
    if (name !== undefined && (username === undefined || username === name)) {
      if (open) return unrestricted(name);
      const user = Object.hasOwn(users, name) ? users[name] : undefined;
      return user && restricted(name, user);
    }
    // A broker without users asks nobody who they are: a name that a client sends nevertheless does no harm.
    return this.#letsAnyoneIn(peer) && (username === undefined || open)
      ? unrestricted('anonymous')
      : undefined;
  }

  /** Once users or certificates are asked for, local clients are asked as well: a proxy makes anyone local. */
  #letsAnyoneIn(peer: Peer): boolean {
    const { anonymous, users, tls } = this.#config;
    return anonymous || (peer.local && Object.keys(users).length === 0 && tls.clientCa === null);
  }

  async #verify(user: string, password: Uint8Array, hash: string, waits: () => boolean): Promise<boolean> {
    const proof = createHmac('sha256', this.#secret).update(user).update('\0').update(password).digest();
    const known = this.#proofs.get(user);
    if (known && timingSafeEqual(known, proof)) return true;
    // One at a time: scrypt takes 32 MiB and a thread of the pool that the store needs as well. Who has gone meanwhile
    // is passed over, so that those who try passwords and go do not keep others out.
    const right = await this.#checks.run(async () => waits() && verifyPassword(password, hash));
    if (right) this.#proofs.set(user, proof);
    return right;
  }
}

const yes = () => true;

/** Topics that begin with `$` belong to the broker [MQTT-4.7.2-1]. */
const isOrdinary = (topic: string) => !topic.startsWith('$');

function unrestricted(user: string): Rights {
  return { user, mayPublish: isOrdinary, maySubscribe: yes, mayReceive: yes };
}

function restricted(user: string, { publish, subscribe }: UserConfig): Rights {
  const publishable = expand(publish, user);
  const readable = expand(subscribe, user);
  return {
    user,
    mayPublish: (topic) => isOrdinary(topic) && publishable.some((filter) => matches(filter, topic)),
    maySubscribe: (filter) => readable.some((wider) => covers(wider, filter)),
    mayReceive: (topic) => readable.some((filter) => matches(filter, topic)),
  };
}

/** `{user}` in the filters as the user's name; a name that would change the meaning of a filter gets none. */
function expand(filters: readonly string[], user: string): string[] {
  const plain = !/[+#/]/.test(user);
  return filters
    .filter((filter) => plain || !filter.includes('{user}'))
    .map((filter) => filter.replaceAll('{user}', user));
}
