import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { arch, availableParallelism, freemem, platform, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import semver from 'semver';
import type { Config } from '../../config/types.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** The platforms that ONNX Runtime and libjpeg-turbo come built for. */
const platforms: readonly string[] = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64'];
/** Resident memory that the daemon and one process of a small model are made for, bytes. */
const daemonBytes = 130e6;
const modelBytes = 150e6;

/** What edgeward runs on, and whether it is enough for the configuration. */
export async function checkMachine(config: Config | undefined): Promise<Finding[]> {
  const info = await readFile('/proc/cpuinfo', 'utf8').catch(() => undefined);
  return [
    await checkNode(),
    checkPlatform(),
    ...(info === undefined ? [] : [checkCpu(info, arch())]),
    ...(config
      ? [checkCores(config, availableParallelism()), checkMemory(config, await availableMemory())]
      : []),
    checkTraining(),
  ];
}

async function checkNode(): Promise<Finding> {
  const manifest = await readFile(new URL('../../../package.json', import.meta.url), 'utf8');
  const { engines } = JSON.parse(manifest) as { engines: { node: string } };
  if (semver.satisfies(process.versions.node, engines.node)) return ok('node', process.versions.node);
  return fail(
    'node',
    `Expected ${engines.node} but received ${process.versions.node}`,
    'install a current Node.js, for instance from nodejs.org',
  );
}

function checkPlatform(): Finding {
  const name = `${platform()}-${arch()}`;
  const report = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  const glibc = report.header?.glibcVersionRuntime;
  if (!platforms.includes(name)) {
    return fail(
      'platform',
      `Expected one of ${platforms.join(', ')} but received ${name}`,
      'use a 64-bit system',
    );
  }
  if (platform() !== 'linux') return ok('platform', name);
  if (glibc !== undefined) return ok('platform', `${name}, glibc ${glibc}`);
  return fail(
    'platform',
    'Expected glibc but received another C library',
    'the runtime of the nets needs glibc: use Debian or Ubuntu, or an image on them, not Alpine',
  );
}

/** What the processor offers to 8-bit nets. `info` is /proc/cpuinfo. */
export function checkCpu(info: string, architecture: string): Finding {
  const [, listed = ''] = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(info) ?? [];
  const flags = new Set(listed.split(' '));
  const has = (...names: string[]) => names.filter((name) => flags.has(name));
  if (architecture === 'x64') {
    const vnni = has('avx512_vnni', 'avx_vnni');
    if (vnni.length > 0) return ok('cpu', `${vnni.join(', ')}: int8 nets at full speed`);
    const text = flags.has('avx2') ? 'avx2 without VNNI' : 'neither avx2 nor VNNI';
    return warn(
      'cpu',
      `${text}: int8 nets gain less`,
      'trust the golden samples (lines "models" below), and measure before choosing int8',
    );
  }
  if (architecture === 'arm64') {
    const fast = has('i8mm', 'asimddp');
    if (fast.length > 0) return ok('cpu', `${fast.join(', ')}: int8 nets at full speed`);
    return warn(
      'cpu',
      'no dot product instructions (asimddp): int8 nets gain little',
      'expect less from this processor, or use one from Cortex-A55, A76 (Raspberry Pi 5) on',
    );
  }
  return warn('cpu', `${architecture} is not known`, 'measure before choosing int8');
}

export function checkCores(config: Config, cores: number): Finding {
  const wanted = processesOf(config, cores).reduce(
    (sum, { instances, threads }) => sum + instances * threads,
    0,
  );
  if (wanted <= cores) return ok('cores', `${cores}, of which models use ${wanted}`);
  return warn(
    'cores',
    `${cores}, but the models would use ${wanted} at once`,
    'lower models.*.instances or models.*.threads so that they add up to the cores',
  );
}

export function checkMemory(config: Config, available: number): Finding {
  const processes = processesOf(config, availableParallelism()).reduce(
    (sum, { instances }) => sum + instances,
    0,
  );
  const needed = daemonBytes + processes * modelBytes;
  const text = `${megabytes(available)} available, about ${megabytes(needed)} needed`;
  if (needed <= available) return ok('memory', text);
  return warn('memory', text, 'lower models.*.instances, or give it more memory');
}

function processesOf({ models }: Config, cores: number) {
  return Object.values(models).map(({ instances, threads }) => ({ instances: instances ?? cores, threads }));
}

/** Bytes that can be had, within the limit of the container or the unit. */
async function availableMemory(): Promise<number> {
  const info = await readFile('/proc/meminfo', 'utf8').catch(() => '');
  const [, kilobytes] = /^MemAvailable:\s*(\d+) kB$/m.exec(info) ?? [];
  const available = kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
  // 0, or beyond all memory there is, where there is no limit.
  const limit = process.constrainedMemory() || totalmem();
  return Math.min(available, limit);
}

/** The package alone is half of it: its binary is fetched by a script that npm may have been told not to run. */
function checkTraining(): Finding {
  const slower = 'training and models of TensorFlow.js are slower without';
  try {
    const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json');
    if (existsSync(join(dirname(manifest), 'lib'))) return ok('training', '@tensorflow/tfjs-node is there');
    return ok('training', `@tensorflow/tfjs-node has no binary: ${slower}`);
  } catch {
    return ok('training', `@tensorflow/tfjs-node is not installed: ${slower}`);
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
