import { join } from 'node:path';
import type { Config } from '../../config/types.ts';
import { GatewayError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { builtins, resolveBundle } from '../../models/builtin.ts';
import { readBundle } from '../../models/bundle.ts';
import type { BundleFile } from '../../models/instance-group.ts';
import type { ModelRef } from '../../models/model.ts';
import { ModelStore } from '../../models/store/model-store.ts';

/**
 * The bundle for each of these entries of `models`: the one that answered then, by its digest, or that of the
 * configuration where none did.
 * @throws BUNDLE_GONE if a version that answered is neither in the store nor configured nor built in.
 */
export async function findBundles(options: {
  config: Config;
  entries: readonly string[];
  answered: readonly ModelRef[];
  log: Logger;
}): Promise<Map<string, BundleFile>> {
  const { config, entries, answered, log } = options;
  const folder = join(config.gateway.stateDir, 'models');
  const store = new ModelStore({ folder, maxBytes: 0, log });
  await store.open();
  const shipped = await readAll(Object.values(config.models).flatMap(({ bundle }) => bundle ?? []));
  const found = new Map<string, BundleFile>();
  for (const entry of entries) {
    const bundle = config.models[entry]?.bundle ?? null;
    const name = shipped.find(({ spec }) => spec === bundle)?.name ?? store.pointers(entry).active?.name;
    const ref = answered.find((each) => each.name === name);
    found.set(entry, ref ? await fileOf(ref, store, shipped) : { path: resolveBundle(bundle) });
  }
  const used = new Set([...found.values()].map(({ digest }) => digest));
  const lost = answered.find(({ digest }) => !used.has(digest));
  if (lost) throw gone(lost);
  return found;
}

async function fileOf(ref: ModelRef, store: ModelStore, shipped: readonly Shipped[]): Promise<BundleFile> {
  const { digest } = ref;
  if (await store.has(digest)) return { path: store.file(digest), digest };
  const builtin = await readAll(builtins().map((name) => `builtin:${name}`));
  const same = [...shipped, ...builtin].find((each) => each.digest === digest);
  if (same) return { path: same.path, digest };
  throw gone(ref);
}

interface Shipped {
  readonly spec: string;
  readonly path: string;
  readonly name: string;
  readonly digest: string;
}

/** Those that can be read: another broken bundle is not what is asked about. */
async function readAll(specs: readonly string[]): Promise<Shipped[]> {
  const read = specs.map(async (spec) => {
    const path = resolveBundle(spec);
    const { manifest, digest } = await readBundle(path);
    return { spec, path, name: manifest.name, digest };
  });
  return (await Promise.allSettled(read)).flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
}

function gone({ name, version, digest }: ModelRef): GatewayError {
  return new GatewayError(
    'BUNDLE_GONE',
    `Expected the bundle of ${name} ${version} but no file is ${digest}`,
  );
}
