import { createReadStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import validVersion from 'semver/functions/valid.js';
import { GatewayError } from '../../errors.ts';
import { type Bundle, readBundle } from '../../models/bundle.ts';
import { roleOf, targetFilePath } from '../../models/update/layout.ts';
import { PartFile } from '../../models/update/part-file.ts';
import { type Channel, type Release, targetOf } from '../../models/update/release.ts';
import { edit } from './edit.ts';
import { specVersion, type TargetsBody } from './metadata.ts';
import { inDays, offlineDays, type Repository, signersOf, targetsOf } from './repository.ts';

export interface ReleaseOptions {
  readonly bundle: string;
  readonly channel: Channel;
  readonly notes?: string;
  /** The least version of edgeward that can run it. */
  readonly minEdgeward?: string;
}

/**
 * Offers a bundle to every gateway. The same bundle may be released again, to move it from `beta` to `stable` or
 * change its notes; another one of the same version may not.
 * @throws BUNDLE_INVALID, BUNDLE_UNSUPPORTED, REQUEST_INVALID, REPOSITORY_INVALID, KEY_UNAVAILABLE
 */
export async function addRelease(repository: Repository, options: ReleaseOptions): Promise<Release> {
  const bundle = await readBundle(options.bundle);
  const release = releaseFrom(bundle, options);
  const { model, version, digest } = release;
  const role = roleOf(model);
  const { path, length, hashes, custom } = targetOf(release);
  await edit(repository, async (state) => {
    if (signersOf(role, state.root.body, targetsOf(state)) === undefined) {
      throw refused(
        'a model that has keys',
        'the bundle',
        `${model}: give it one with add-key --model ${model}`,
      );
    }
    const old = state.roles.get(role)?.body;
    const released = old && Object.hasOwn(old.targets, path) ? old.targets[path] : undefined;
    if (released !== undefined && released.hashes.sha256 !== hashes.sha256) {
      throw refused(`the bundle that was released as ${version}`, model, `another one, ${digest}`);
    }
    await copyBundle(options.bundle, join(repository.folder, targetFilePath(path, digest)), bundle);
    const body: TargetsBody = {
      _type: 'targets',
      spec_version: specVersion,
      version: (old?.version ?? 0) + 1,
      expires: inDays(offlineDays),
      targets: { ...old?.targets, [path]: { length, hashes, custom } },
    };
    return { roles: new Map([[role, body]]) };
  });
  return release;
}

function releaseFrom({ manifest, digest, bytes }: Bundle, options: ReleaseOptions): Release {
  const { channel, notes, minEdgeward } = options;
  const { name, version, accuracy } = manifest;
  if (minEdgeward !== undefined && validVersion(minEdgeward) === null) {
    throw refused('a semantic version', 'the least edgeward', minEdgeward);
  }
  if (notes !== undefined && notes.length > 2000) {
    throw refused('at most 2000 characters', 'the notes', String(notes.length));
  }
  return {
    model: name,
    version,
    digest,
    bytes,
    channel,
    ...(notes === undefined ? {} : { notes }),
    ...(minEdgeward === undefined ? {} : { minEdgeward }),
    ...(accuracy === undefined ? {} : { accuracy }),
  };
}

/** What was read and checked is what is published, also if the file changes meanwhile. */
async function copyBundle(from: string, to: string, { digest, bytes }: Bundle): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const part = await PartFile.open(to, bytes);
  try {
    await part.restart();
    for await (const chunk of createReadStream(from)) await part.append(chunk);
    if (part.digest !== digest) throw refused(digest, from, `${part.digest}, a moment later`);
    await part.finish();
  } catch (error) {
    await part.discard();
    throw error;
  }
}

function refused(expected: string, what: string, received: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected ${expected} for ${what} but received ${received}`);
}
