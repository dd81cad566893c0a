import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, it, onTestFinished } from 'vitest';
import { serveRepository } from '../../../src/training/release/serve.ts';
import { temporaryFolder } from '../../models/bundle-fixtures.ts';

async function served() {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'targets', 'digits'), { recursive: true });
  await mkdir(join(folder, 'metadata'));
  await writeFile(join(folder, 'targets', 'digits', 'abc.digits-1.0.0+b.1.bundle'), '0123456789');
  await writeFile(join(folder, 'metadata', 'timestamp.json'), '{}');
  await writeFile(join(folder, 'secret'), 'secret');
  const server = await serveRepository({ folder });
  onTestFinished(() => server.close());
  return server.url;
}

/** The path goes out as it is: fetch would tidy it up. */
async function get(url: string, path: string, headers = {}, method = 'GET') {
  const { port } = new URL(url);
  const asked = request({ port, host: '127.0.0.1', path, headers, method }).end();
  const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
    asked.once('response', resolve).once('error', reject);
  });
  return {
    status: response.statusCode,
    range: response.headers['content-range'],
    body: await text(response),
  };
}

const bundle = '/targets/digits/abc.digits-1.0.0%2Bb.1.bundle';

it.each([
  [undefined, 200, '0123456789', undefined],
  ['bytes=3-', 206, '3456789', 'bytes 3-9/10'],
  ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
  ['bytes=8-99', 206, '89', 'bytes 8-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=10-', 416, '', 'bytes */10'],
  ['bytes=1-2,4-5', 200, '0123456789', undefined],
  ['lines=1-2', 200, '0123456789', undefined],
  ['bytes=-', 200, '0123456789', undefined],
])('answers a range of %s', async (range, status, body, contentRange) => {
  const url = await served();
  const headers = range === undefined ? {} : { range };
  expect(await get(url, bundle, headers)).toEqual({ status, body, range: contentRange });
});

it('answers HEAD without a body, and nothing that writes', async () => {
  const url = await served();
  expect(await get(url, '/metadata/timestamp.json', {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
  for (const method of ['POST', 'PUT', 'DELETE']) {
    expect(await get(url, '/metadata/timestamp.json', {}, method)).toMatchObject({ status: 405 });
  }
});

it.each([
  '/',
  '/secret',
  '/metadata',
  '/metadata/',
  '/metadata/../secret',
  '/metadata/%2e%2e/secret',
  '/metadata%2f..%2fsecret',
  '/metadata/..%2fsecret',
  '/metadata/timestamp.json%00.png',
  '/metadata/%',
  '//metadata/timestamp.json',
  '/targets/.hidden',
])('hands nothing out for %s', async (path) => {
  expect(await get(await served(), path)).toMatchObject({ status: 404, body: '' });
});
