import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Message } from '../../src/bus/bus.ts';
import { connectBroker } from '../../src/cli/broker.ts';
import { type ReplayFrame, streamFrames } from '../../src/cli/replay-frames.ts';
import { hashPassword } from '../../src/config/password.ts';
import { client, startEmbedded, temporaryFolder, until } from '../bus/fixtures.ts';
import { startMosquitto, withoutMosquitto } from '../bus/mosquitto.ts';
import { runProgram, startProgram } from '../support/program.ts';

/** A broker and everything that is sent to its topics `cameras/…`. */
async function startBroker(
  start = async () => (await startEmbedded()).url,
  protocol: '3.1.1' | '5' = '3.1.1',
) {
  const url = await start();
  const messages: Message[] = [];
  const listener = await client(url, { protocol });
  await listener.subscribe('cameras/#', (message) => messages.push(message), 1);
  return { url, messages, listener };
}

/** A folder `desk` of pictures of these names; all are real ones, and different. */
async function folderOf(...names: string[]): Promise<{ folder: string; data: Map<string, Buffer> }> {
  const folder = join(await temporaryFolder(), 'desk');
  await mkdir(folder, { recursive: true });
  const data = new Map<string, Buffer>();
  for (const [i, name] of names.entries()) {
    const create = { width: 8 + i, height: 8, channels: 3, background: 'grey' } as const;
    const bytes = await sharp({ create })
      .toFormat(name.endsWith('.png') ? 'png' : 'jpeg')
      .toBuffer();
    await writeFile(join(folder, name), bytes);
    data.set(name, bytes);
  }
  return { folder, data };
}

describe('edgeward replay', () => {
  it('sends the pictures of a folder as they are, in natural order, to the topic of that folder', async () => {
    const { url, messages } = await startBroker();
    const { folder, data } = await folderOf('10.jpg', '9.png', '2.jpg');
    await writeFile(join(folder, 'notes.txt'), 'no picture');
    const { code, stdout, stderr } = await runProgram([
      'replay',
      folder,
      '--topic',
      'cameras/{source}/frame',
      '--rate',
      'max',
      '--broker',
      url,
    ]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^3 frames, .* 3 acknowledged, median [\d.]+ ms, p99 [\d.]+ ms\n$/);
    await until(() => messages.length >= 3);
    expect(messages.map(({ topic }) => topic)).toEqual(Array(3).fill('cameras/desk/frame'));
    expect(messages.map(({ payload }) => payload)).toEqual(
      ['2.jpg', '9.png', '10.jpg'].map((name) => data.get(name)),
    );
  });

  it.skipIf(withoutMosquitto)(
    'gives ids, times and types as properties where the broker speaks MQTT 5',
    async () => {
      const { url, messages } = await startBroker(async () => (await startMosquitto()).url, '5');
      const { folder } = await folderOf('a.jpg', 'b.png');
      await runProgram(['replay', folder, '-t', 'cameras/x', '-r', 'max', '-b', url]);
      await until(() => messages.length >= 2);
      expect(messages.map(({ contentType }) => contentType)).toEqual(['image/jpeg', 'image/png']);
      expect(messages.map(({ userProperties }) => userProperties?.['frame-id'])).toEqual(['a.jpg', 'b.png']);
      const sentAt = Date.parse(messages[0]?.userProperties?.['captured-at'] ?? '');
      expect(Math.abs(Date.now() - sentAt)).toBeLessThan(10_000);
    },
  );

  it('wraps frames as envelopes, keeps the rate, and gives each round its own ids', async () => {
    const { url, messages } = await startBroker();
    const { folder, data } = await folderOf('1.jpg', '2.jpg');
    const { stdout } = await runProgram([
      'replay',
      folder,
      '-t',
      'cameras/x',
      '--envelope',
      '--loop',
      '3',
      '--rate',
      '20',
      '--qos',
      '0',
      '--json',
      '-b',
      url,
    ]);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ frames: 6 });
    expect(summary).not.toHaveProperty('acknowledged');
    // The first at once; timers may be a little early.
    expect(summary.seconds).toBeGreaterThan(0.24);
    await until(() => messages.length >= 6);
    const bodies = messages.map(({ payload }) => JSON.parse(payload.toString()));
    expect(bodies.map(({ id }) => id)).toEqual([
      '1.jpg',
      '2.jpg',
      '1.jpg#2',
      '2.jpg#2',
      '1.jpg#3',
      '2.jpg#3',
    ]);
    expect(bodies[0].contentType).toBe('image/jpeg');
    expect(Buffer.from(bodies[0].data, 'base64')).toEqual(data.get('1.jpg'));
  });

  it('takes a motion JPEG stream from standard input', async () => {
    const { url, messages } = await startBroker();
    const { data } = await folderOf('1.jpg', '2.jpg');
    const input = Buffer.concat([...data.values()]);
    const args = ['replay', '-', '-t', 'cameras/{source}', '-r', 'max', '-b', url];
    expect(await runProgram(args, { input })).toMatchObject({ code: 0 });
    await until(() => messages.length >= 2);
    expect(messages.map(({ topic, payload }) => [topic, payload])).toEqual(
      [...data.values()].map((bytes) => ['cameras/stdin', bytes]),
    );
  });

  it('ends in order when it is interrupted', async () => {
    const { url, messages } = await startBroker();
    const { folder } = await folderOf('1.jpg');
    const args = ['replay', folder, '-t', 'cameras/x', '--loop', '--rate', '50', '--json', '-b', url];
    const { child, ended } = startProgram(args);
    await until(() => messages.length >= 3);
    child.kill('SIGINT');
    const { code, stdout } = await ended();
    expect(code).toBe(0);
    const { frames, acknowledged } = JSON.parse(stdout);
    expect(acknowledged.frames).toBe(frames);
    await until(() => messages.length >= frames);
    expect(messages).toHaveLength(frames);
  });

  it.each([
    ['a path that is not there', ['nowhere.jpg'], /Expected a file or folder but received nowhere\.jpg/],
    ['standard input beside a path', ['-', 'x'], /Expected neither --loop nor another path beside -/],
    ['a rate that is none', ['x', '--rate', '0'], /Expected a number above 0, or max/],
  ])('says what is wrong with %s', async (_what, args, message) => {
    const { code, stdout, stderr } = await runProgram(['replay', ...args, '-t', 'cameras/x']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(message);
  });

  it('fails when the broker goes away', async () => {
    const { bus, url } = await startEmbedded();
    const { folder } = await folderOf('1.jpg');
    const listener = await client(url);
    let received = 0;
    await listener.subscribe('cameras/#', () => received++);
    const { ended } = startProgram([
      'replay',
      folder,
      '-t',
      'cameras/x',
      '--loop',
      '--rate',
      '100',
      '-b',
      url,
    ]);
    await until(() => received > 2);
    await bus.stop();
    expect(await ended()).toMatchObject({ code: 1, stderr: expect.stringContaining('BUS_UNAVAILABLE') });
  });
});

describe('envelopes on standard input', () => {
  it('are taken one a line, as they are, however they arrive', async () => {
    const lines = ['{"id":"a","data":"AAAA"}', '{"id":"b","data":"BBBB"}'];
    async function* stream() {
      for (const character of `${lines.join('\n\r\n')}\n`) yield Buffer.from(character);
    }
    const frames: ReplayFrame[] = [];
    for await (const frame of streamFrames(stream())) frames.push(frame);
    expect(frames.map(({ data }) => data.toString())).toEqual(lines);
    expect(frames.map(({ id, contentType }) => [id, contentType])).toEqual(
      Array(2).fill([undefined, 'application/json']),
    );
  });
});

describe('the broker of a command', () => {
  it('is asked for MQTT 5, and for 3.1.1 where it is older', async () => {
    const { url: broker } = await startEmbedded();
    const { client: connected, protocol } = await connectBroker({ broker });
    await connected.close();
    expect(protocol).toBe('3.1.1');
  });

  it('is told the first line of the password file', async () => {
    const file = join(await temporaryFolder(), 'password');
    await writeFile(file, 'wrong\nsecond line\n');
    const users = { camera: { passwordHash: await hashPassword('right'), publish: ['#'], subscribe: ['#'] } };
    const { url: broker } = await startEmbedded({ embedded: { users } });
    const options = { broker, username: 'camera', passwordFile: file };
    await expect(connectBroker(options)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await writeFile(file, 'right\nsecond line\n');
    const { client: connected } = await connectBroker(options);
    await connected.close();
    await expect(connectBroker({ broker, passwordFile: `${file}-not-there` })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('--password-file'),
    });
  });

  it('is named where it is not there', async () => {
    await expect(connectBroker({ broker: 'mqtt://127.0.0.1:1' })).rejects.toThrow('mqtt://127.0.0.1:1');
  });
});
