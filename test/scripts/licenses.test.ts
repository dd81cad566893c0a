import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/licenses.ts', import.meta.url));

function judge(name: string, licenses: readonly object[]) {
  const input = JSON.stringify({ components: [{ name, version: '1.2.3', licenses }] });
  return spawnSync(process.execPath, ['--import', 'tsx', script], { input, encoding: 'utf8' });
}

describe('npm run licenses', () => {
  it.each([
    ['anything', { license: { id: 'MIT' } }],
    ['anything', { expression: '(GPL-3.0-only OR Apache-2.0)' }],
    ['@img/sharp-libvips-linux-x64', { license: { id: 'LGPL-3.0-or-later' } }],
  ])('allows %s under %j', (name, licence) => {
    expect(judge(name, [licence]).status).toBe(0);
  });

  it.each([
    ['copyleft', { license: { id: 'GPL-3.0-only' } }],
    ['another', { license: { id: 'LGPL-3.0-or-later' } }],
    ['both', { expression: 'MIT AND AGPL-3.0-only' }],
    ['unclear', { license: { name: 'SEE LICENSE IN terms.txt' } }],
  ])('refuses %s under %j, and names it', (name, licence) => {
    const { status, stderr } = judge(name, [licence]);
    expect(status).toBe(1);
    expect(stderr).toContain(`${name} 1.2.3`);
  });

  it('refuses what has no licence', () => {
    expect(judge('bare', []).status).toBe(1);
  });
});
