import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);
const unitFile = fileURLToPath(new URL('../systemd/edgeward.service', import.meta.url));
const analyze = spawnSync('systemd-analyze', ['--version']).error ? 'systemd-analyze is not installed' : '';
const unit = await readFile(unitFile, 'utf8');

/** Every value that the unit gives a setting, in order. */
function settings(name: string): string[] {
  return [...unit.matchAll(new RegExp(`^${name}=(.*)$`, 'gm'))].map(([, value = '']) => value);
}

describe.skipIf(analyze)(`the unit, as systemd sees it${analyze && `: ${analyze}`}`, () => {
  it('exposes at most 2.0', async () => {
    const { stdout } = await run('systemd-analyze', ['security', '--offline=true', unitFile]);
    const [, exposure] = /Overall exposure level for edgeward\.service: ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(exposure)).toBeGreaterThan(0);
    expect(Number(exposure)).toBeLessThanOrEqual(2);
  });

  it('has nothing that systemd complains about', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'edgeward-unit-'));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    // systemd wants the program to be there; where Node.js is elsewhere, one that is.
    const program = existsSync('/usr/bin/node') ? '/usr/bin/node' : process.execPath;
    const file = join(folder, 'edgeward.service');
    await writeFile(file, unit.replace('ExecStart=/usr/bin/node', `ExecStart=${program}`));
    await chmod(file, 0o644);
    const { stdout, stderr } = await run('systemd-analyze', ['verify', file]);
    const complaints = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('edgeward.service'));
    expect(complaints).toEqual([]);
  });
});

describe('the unit', () => {
  it('runs the command of the package, on a configuration that the sandbox lets it read', async () => {
    const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
    expect(settings('ExecStart')).toEqual([
      `/usr/bin/node /opt/edgeward/${manifest.bin.edgeward} run --config /etc/edgeward/edgeward.yaml`,
    ]);
    expect(settings('ConfigurationDirectory')).toEqual(['edgeward']);
    expect(settings('StateDirectory')).toEqual(['edgeward']);
  });

  it('lets systemd follow the daemon, and start it anew unless its configuration is wrong', () => {
    expect(settings('Type')).toEqual(['notify']);
    // Its messages come from a child.
    expect(settings('NotifyAccess')).toEqual(['all']);
    expect(settings('WatchdogSec')).toHaveLength(1);
    expect(settings('Restart')).toEqual(['on-failure']);
    expect(settings('RestartPreventExitStatus')).toEqual(['78']);
    expect(settings('OOMPolicy')).toEqual(['continue']);
  });

  it('leaves V8 its machine code, and the daemon the sockets of a broker', () => {
    expect(settings('MemoryDenyWriteExecute')).toEqual(['no']);
    expect(settings('RestrictAddressFamilies')).toEqual(['AF_UNIX AF_INET AF_INET6']);
  });
});
