import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BusClient } from '../../../src/bus/external.ts';
import { resolveBundle } from '../../../src/models/builtin.ts';
import { readManifest } from '../../../src/models/bundle.ts';
import type { Manifest } from '../../../src/models/manifest.ts';
import { addRelease, type ReleaseOptions } from '../../../src/training/release/add-release.ts';
import { variantOf } from '../../support/bundles.ts';
import { collect, type Digit, envelope, readDigits, temporaryFolder } from '../../support/gateway.ts';
import { newRepository } from '../../training/release/fixtures.ts';

const { version } = await readManifest(resolveBundle('builtin:digits'));
/** The version that comes with edgeward. */
export const shipped = version;

export const digits: readonly Digit[] = await readDigits();

/** Says of every digit that it is another one. */
const wrongLabels = ['9', '8', '7', '6', '5', '4', '3', '2', '1', '0'];

/** A repository with versions of the digits, and what a gateway has to say of it. */
export async function digitsRepository() {
  const owner = await newRepository();
  const folder = await temporaryFolder();
  const root = join(folder, 'root.json');
  await writeFile(root, owner.repository.anchor);
  const url = pathToFileURL(owner.folder).href;
  return {
    folder: owner.folder,
    url,
    root,
    /** Section `updates` of a configuration; asked only on request unless `more` says otherwise. */
    yaml: (more = 'intervalS: null') => `\nupdates: { url: '${url}', root: '${root}', ${more} }\n`,
    async release(
      version: string,
      change: Partial<Omit<Manifest, 'files'>> = {},
      options: Partial<ReleaseOptions> = {},
    ) {
      const bundle = await variantOf('builtin:digits', join(folder, `${version}.bundle`), {
        ...change,
        version,
      });
      await addRelease(owner.repository, { bundle: bundle.path, channel: 'stable', ...options });
      return bundle;
    },
    releaseWrong(version: string) {
      return this.release(version, { labels: wrongLabels });
    },
  };
}

/** Asks, and waits for the answer that `isLast` takes for the last. */
export async function asker(client: BusClient, gateway = 'gw') {
  let count = 0;
  const responses = await collect(client, `edgeward/${gateway}/response/#`);
  return async (
    command: string,
    body: object,
    { until = isFinal, topic = `edgeward/${gateway}/request/${command}`, timeoutMs = 20_000 } = {},
  ) => {
    const transaction = `t${++count}`;
    await client.publish(topic, JSON.stringify({ ...body, transaction }), { qos: 1 });
    const answers = () => responses.json().filter((each) => each.transaction === transaction);
    await responses.until(() => answers().some(until), timeoutMs);
    return answers();
  };
}

export interface Answer {
  readonly status: string;
  readonly data: { readonly state?: string; readonly phase?: string };
}

function isFinal({ status, data }: Answer): boolean {
  return status === 'error' || data.state === undefined || data.state === 'done';
}

/** Shows digits until it is told to stop; the versions that judged them, in order. */
export async function showDigits(client: BusClient, gateway = 'gw') {
  const results = await collect(client, `edgeward/${gateway}/desk/digits/result`);
  let going = true;
  let sent = 0;
  const showing = (async () => {
    for (; going; sent++) {
      const digit = digits[sent % digits.length];
      if (!digit) throw new Error('no digits');
      await client.publish('cameras/desk/frame', envelope({ ...digit, id: `frame-${sent}` }), { qos: 1 });
    }
  })();
  return {
    results,
    async stop() {
      going = false;
      await showing;
      await results.until(sent, 20_000);
      return results.json() as { frame: { id: string }; models: { version: string }[]; result?: object }[];
    },
  };
}
