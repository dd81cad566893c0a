import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

interface Link {
  readonly near: Socket;
  readonly far: Socket;
  /** What is sent vanishes, and neither end learns of it. */
  silent: boolean;
}

export interface ProxyOptions {
  /** Port of loopback that it leads to. */
  readonly to: number;
  /** Makes what watches the bytes of a connection, of its client and of its server. */
  readonly tap?: () => { fromClient(bytes: Buffer): void; fromServer(bytes: Buffer): void; closed(): void };
}

/** A way to a broker that breaks when told to. */
export class BrokenWay {
  readonly #options: ProxyOptions;
  readonly #links = new Set<Link>();
  readonly #server: Server;
  #refusing = false;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#server = createServer((near) => this.#accept(near));
  }

  get port(): number {
    const address = this.#server.address();
    if (typeof address !== 'object' || !address) throw new Error('Expected a proxy that listens');
    return address.port;
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** Ends every connection, as a reboot of the router does. New ones are let through. */
  cut(): void {
    for (const { near, far } of this.#links) {
      near.destroy();
      far.destroy();
    }
  }

  /** Leaves every connection open at both ends and lets nothing through any more, as a lost route does. */
  silence(): void {
    for (const link of this.#links) link.silent = true;
  }

  /** While it refuses, there is no way. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
    if (refusing) this.cut();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    if (this.#refusing) {
      near.destroy();
      return;
    }
    const far = connect(this.#options.to, '127.0.0.1');
    const link: Link = { near, far, silent: false };
    const tap = this.#options.tap?.();
    this.#links.add(link);
    pass(link, near, far, (bytes) => tap?.fromClient(bytes));
    pass(link, far, near, (bytes) => tap?.fromServer(bytes));
    far.once('close', () => {
      this.#links.delete(link);
      tap?.closed();
    });
  }
}

function pass(link: Link, from: Socket, to: Socket, watch: (bytes: Buffer) => void): void {
  from.on('data', (bytes) => {
    if (link.silent) return;
    watch(bytes);
    if (!to.write(bytes)) from.pause();
  });
  to.on('drain', () => from.resume());
  from.on('error', () => {});
  from.on('close', () => to.destroy());
}
