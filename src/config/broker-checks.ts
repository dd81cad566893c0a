import { BlockList, isIP } from 'node:net';
import { describe, type Fault } from './problem.ts';
import type { BusConfig, RemoteConfig, UplinkConfig } from './types.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only programs of this machine reach a listener at `host`. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const family = isIP(host);
  return family !== 0 && loopback.check(host, family === 6 ? 'ipv6' : 'ipv4');
}

export function brokerFaults(bus: BusConfig): Fault[] {
  return [
    ...reconnectFaults(bus, 'bus'),
    ...(bus.url === null ? embeddedFaults(bus) : remoteFaults(bus, bus.url, 'bus')),
  ];
}

export function uplinkFaults(uplink: UplinkConfig): Fault[] {
  if (uplink.url === null) return [];
  return [...reconnectFaults(uplink, 'uplink'), ...remoteFaults(uplink, uplink.url, 'uplink')];
}

function reconnectFaults({ reconnect: { minMs, maxMs } }: RemoteConfig, section: string): Fault[] {
  if (maxMs >= minMs) return [];
  const path = [section, 'reconnect', 'maxMs'];
  return [{ path, expected: `at least minMs, ${minMs},`, received: String(maxMs) }];
}

function remoteFaults({ tls, password, username }: RemoteConfig, url: string, section: string): Fault[] {
  const faults = pairFaults(tls, [section, 'tls']);
  const isEncrypted = /^(mqtts|wss):/.test(url);
  const wants = (['ca', 'cert', 'key'] as const).find((key) => tls[key] !== null);
  if (!isEncrypted && wants) {
    const hint = `${section}.tls.${wants} has no effect on it`;
    faults.push({ path: [section, 'url'], expected: 'mqtts:// or wss://', received: describe(url), hint });
  }
  if (password !== null && username === null) {
    // MQTT 3.1.1, 3.1.2.9: no password without a user name; brokers check neither alone.
    faults.push({ path: [section, 'username'], expected: 'a user beside the password', received: 'nothing' });
  }
  return faults;
}

function embeddedFaults({ share, embedded }: BusConfig): Fault[] {
  const { host, port, websocketPort, tls, users, anonymous } = embedded;
  const at = ['bus', 'embedded'];
  const faults = pairFaults(tls, [...at, 'tls']);
  if (share !== null) {
    const expected = 'an external broker, whose frames gateways can share,';
    faults.push({ path: ['bus', 'url'], expected, received: 'null' });
  }
  if (port === null && websocketPort === null && tls.port === null) {
    faults.push({ path: at, expected: 'a port, websocketPort or tls.port', received: 'none' });
  }
  if (tls.port !== null && tls.cert === null && tls.key === null) {
    const path = [...at, 'tls', 'cert'];
    faults.push({ path, expected: 'a certificate and its key for the TLS listener', received: 'nothing' });
  }
  const takesCertificates = tls.port !== null && tls.clientCa !== null;
  const names = Object.keys(users);
  if (!isLoopback(host) && names.length === 0 && !takesCertificates && !anonymous) {
    faults.push({
      path: [...at, 'host'],
      expected: 'an address of this machine alone, as 127.0.0.1,',
      received: describe(host),
      hint: 'to let other machines in add users (`edgeward config hash-password`) or tls.clientCa, or say anonymous: true',
    });
  }
  const barred = takesCertificates ? [] : names.filter((name) => users[name]?.passwordHash === null);
  const unable = barred.map((name) => ({
    path: [...at, 'users', name, 'passwordHash'],
    expected: 'a hash, or tls.port and tls.clientCa for a client certificate,',
    received: 'neither',
  }));
  return [...faults, ...unable];
}

/** A certificate and its key come together. */
function pairFaults({ cert, key }: { cert: string | null; key: string | null }, at: string[]): Fault[] {
  if ((cert === null) === (key === null)) return [];
  const [there, missing] = cert === null ? ['key', 'cert'] : ['cert', 'key'];
  return [{ path: [...at, missing], expected: `a file beside ${there}`, received: 'nothing' }];
}
