import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { Gateway } from '../../../src/daemon/gateway.ts';
import { resolveBundle } from '../../../src/models/builtin.ts';
import { readBundle } from '../../../src/models/bundle.ts';
import { ModelStore } from '../../../src/models/store/model-store.ts';
import { activated, type Pointers } from '../../../src/models/store/pointers.ts';
import { variantOf } from '../../support/bundles.ts';
import { digitsYaml, temporaryFolder } from '../../support/gateway.ts';
import { silent } from '../../support/silent.ts';
import { shipped } from './fixtures.ts';

const { digest } = await readBundle(resolveBundle('builtin:digits'));
const old = { name: 'digits', version: shipped, digest };

/** Starts a gateway whose store has version 9.0.0 in charge; what runs then and what is remembered. */
async function startWith(change: (pointers: Pointers) => Pointers, damage: 'whole' | 'damaged' = 'whole') {
  const folder = await temporaryFolder();
  const models = join(folder, 'state/models');
  const store = new ModelStore({ folder: models, maxBytes: 0, log: silent });
  await mkdir(join(models, 'bundles'), { recursive: true });
  const made = await variantOf('builtin:digits', join(folder, 'next.bundle'), { version: '9.0.0' });
  const next = { name: 'digits', version: '9.0.0', digest: made.digest };
  const path = store.file(made.digest);
  await variantOf('builtin:digits', path, { version: '9.0.0' });
  if (damage === 'damaged') await writeFile(path, 'half of it');
  await store.change('digits', (pointers) => change(activated(pointers, next, old)));
  const configFile = join(folder, 'edgeward.yaml');
  await writeFile(configFile, digitsYaml);
  const env = { EDGEWARD_GATEWAY_STATE_DIR: join(folder, 'state') };
  const reload = () => loadConfig({ file: configFile, env });
  const gateway = new Gateway({ config: reload(), configFile, reload, version: '0.0.0', log: silent });
  try {
    await gateway.start(new AbortController().signal);
    const { version } = gateway.health().models.digits as { version: string };
    await gateway.stop();
    await store.open();
    return { version, pointers: store.pointers('digits') };
  } finally {
    await gateway.stop();
  }
}

describe('a gateway that starts', () => {
  it('runs the version on trial again, and counts', async () => {
    const { version, pointers } = await startWith((now) => now);
    expect(version).toBe('9.0.0');
    expect(pointers).toMatchObject({ trialBoots: 1, confirmed: old });
  });

  it('gives up a version on trial after a loop of crashes, and remembers why', async () => {
    const { version, pointers } = await startWith((now) => ({ ...now, trialBoots: 3 }));
    expect(version).toBe(shipped);
    expect(pointers).toMatchObject({
      active: old,
      confirmed: old,
      refused: [{ version: '9.0.0', code: 'MODEL_PROBATION_FAILED' }],
    });
  });

  it('gives up a version on trial that does not load', async () => {
    const { version, pointers } = await startWith((now) => now, 'damaged');
    expect(version).toBe(shipped);
    expect(pointers).toMatchObject({ active: old, refused: [{ version: '9.0.0', code: 'BUNDLE_INVALID' }] });
  });

  it('does without a confirmed version whose file is damaged, and gives it another try next time', async () => {
    const { version, pointers } = await startWith(
      ({ active, ...now }) => ({ ...now, ...(active ? { active, confirmed: active } : {}) }),
      'damaged',
    );
    expect(version).toBe(shipped);
    expect(pointers).toMatchObject({ active: { version: '9.0.0' }, refused: [] });
  });
});
