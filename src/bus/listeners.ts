import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { EmbeddedConfig } from '../config/types.ts';
import { GatewayError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { readPem } from './connect-options.ts';
import { Connection, type Peer } from './connection.ts';

const handshakeTimeoutMs = 10_000;
/** At the end: longer than a connection takes to flush, shorter than one waits that never said a word. */
const closeTimeoutMs = 2_500;

/** Where clients find the broker. */
export interface Address {
  readonly protocol: 'mqtt' | 'mqtts' | 'ws';
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

export interface ListenersOptions {
  readonly config: EmbeddedConfig;
  readonly maxPacketBytes: number;
  readonly onConnection: (connection: Connection) => void;
  readonly log: Logger;
}

/** The sockets that the embedded broker listens on: TCP, TLS, WebSocket. */
export class Listeners {
  readonly #options: ListenersOptions;
  readonly #servers: Server[] = [];
  readonly #connections = new Set<Connection>();
  /** Also those that are in a handshake, of TLS or of a WebSocket. */
  readonly #sockets = new Set<Socket>();
  #addresses: readonly Address[] = [];

  constructor(options: ListenersOptions) {
    this.#options = options;
  }

  get addresses(): readonly Address[] {
    return this.#addresses;
  }

  /** @throws BUS_LISTEN_FAILED, CONFIG_INVALID if a certificate cannot be used. */
  async start(): Promise<void> {
    const { port, websocketPort, tls } = this.#options.config;
    const addresses: Address[] = [];
    if (port !== null) addresses.push(await this.#listen('mqtt', port, this.#tcp()));
    if (tls.port !== null) addresses.push(await this.#listen('mqtts', tls.port, await this.#tls()));
    if (websocketPort !== null)
      addresses.push(await this.#listen('ws', websocketPort, await this.#webSocket()));
    this.#addresses = addresses;
  }

  /** Takes nobody in any more, and resolves when the last one is gone. */
  async stop(): Promise<void> {
    const closed = this.#servers.splice(0).map((server) => {
      const gone = once(server, 'close');
      server.close();
      return gone;
    });
    for (const connection of this.#connections) connection.destroy();
    const patience = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, closeTimeoutMs);
    await Promise.all(closed);
    clearTimeout(patience);
    this.#addresses = [];
  }

  #tcp(): Server {
    return createServer({ noDelay: true }, (socket) => this.#accept(socket, peerOf(socket)));
  }

  async #tls(): Promise<Server> {
    const { cert, key, clientCa } = this.#options.config.tls;
    if (cert === null || key === null) {
      throw new GatewayError(
        'CONFIG_INVALID',
        'Expected cert and key for the TLS listener but received none',
      );
    }
    const [certPem, keyPem] = await Promise.all([readPem(cert), readPem(key)]);
    const client = clientCa === null ? {} : { ca: await readPem(clientCa), requestCert: true };
    // Who shows no certificate may still have a password: the broker decides, not the handshake.
    const options = {
      ...client,
      cert: certPem,
      key: keyPem,
      rejectUnauthorized: false,
      handshakeTimeout: handshakeTimeoutMs,
    };
    let server: Server;
    try {
      server = createTlsServer({ ...options, noDelay: true }, (socket) =>
        this.#accept(socket, peerOf(socket)),
      );
    } catch (cause) {
      const received = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError(
        'CONFIG_INVALID',
        `Expected a usable certificate for TLS but received ${received}`,
        { cause },
      );
    }
    return server.on('tlsClientError', (err: Error, socket: Socket) =>
      this.#options.log.debug({ err, peer: socket.remoteAddress }, 'TLS handshake failed'),
    );
  }

  /** Section 6 of MQTT 3.1.1: binary frames, subprotocol `mqtt`. */
  async #webSocket(): Promise<Server> {
    const { createWebSocketStream, WebSocketServer } = await import('ws');
    const server = createHttpServer((_request, response) => response.writeHead(426).end());
    const sockets = new WebSocketServer({
      server,
      maxPayload: this.#options.maxPacketBytes,
      perMessageDeflate: false,
      handleProtocols: (offered) => (offered.has('mqtt') ? 'mqtt' : offered.has('mqttv3.1') && 'mqttv3.1'),
    });
    sockets.on('connection', (socket, request) => {
      const peer = peerOf(request.socket);
      const stream = createWebSocketStream(socket);
      this.#accept(stream, { ...peer, local: peer.local && isLocalOrigin(request.headers.origin) });
    });
    return server;
  }

  #accept(socket: Duplex, peer: Peer): void {
    const connection = new Connection({ socket, peer, maxPacketBytes: this.#options.maxPacketBytes });
    this.#connections.add(connection);
    connection.once('close', () => this.#connections.delete(connection));
    this.#options.onConnection(connection);
  }

  async #listen(protocol: Address['protocol'], port: number, server: Server): Promise<Address> {
    const { config, log } = this.#options;
    // Clients over the broker's own bound get an answer; this one is for those that never say a word.
    server.maxConnections = 2 * config.maxClients;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    try {
      server.listen(port, config.host);
      await once(server, 'listening');
    } catch (cause) {
      const received = cause instanceof Error ? cause.message : String(cause);
      throw new GatewayError(
        'BUS_LISTEN_FAILED',
        `Expected a free port ${port} on ${config.host} for the broker but received ${received}`,
        { cause },
      );
    }
    this.#servers.push(server);
    server.on('error', (err) => log.error({ err, protocol }, 'listener failed'));
    const { address: host, port: bound } = server.address() as AddressInfo;
    return {
      protocol,
      host,
      port: bound,
      url: `${protocol}://${isIPv6(host) ? `[${host}]` : host}:${bound}`,
    };
  }
}

function peerOf(socket: Socket): Peer {
  const address = socket.remoteAddress ?? 'unknown';
  const local = isLoopback(address);
  if (!(socket instanceof TLSSocket) || !socket.authorized) return { address, local };
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? { address, local, certificateName: name } : { address, local };
}

function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}

/** A page of another site, open in a browser on this machine, can open a WebSocket to it: it does not count as local. */
function isLocalOrigin(origin: string | undefined): boolean {
  if (origin === undefined) return true;
  if (!URL.canParse(origin)) return false;
  const { hostname } = new URL(origin);
  return hostname === 'localhost' || isLoopback(hostname.replace(/^\[|\]$/g, ''));
}
