import { resolveBundle } from '../../src/models/builtin.ts';
import { readBundle, writeBundle } from '../../src/models/bundle.ts';
import type { Manifest } from '../../src/models/manifest.ts';

/** Writes a bundle with the files of another and some of its manifest changed; returns its path. */
export async function variantOf(
  bundle: string,
  path: string,
  change: Partial<Omit<Manifest, 'files'>>,
): Promise<{ path: string; digest: string; version: string }> {
  const { manifest, file } = await readBundle(resolveBundle(bundle));
  const { files: listed, ...draft } = manifest;
  const files = Object.fromEntries(Object.keys(listed).map((name) => [name, file(name)]));
  const { digest } = await writeBundle({ ...draft, ...change }, files, path);
  return { path, digest, version: change.version ?? manifest.version };
}
