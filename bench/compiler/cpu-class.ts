import { readFile } from 'node:fs/promises';

/** What a processor has for sums of products of bytes, which decides what int8 is worth on it. */
export type CpuClass =
  | 'x86 with VNNI'
  | 'x86 without VNNI'
  | 'ARM with dot product'
  | 'ARM without dot product'
  | 'unknown';

/** From what Linux tells of the first core. */
export async function cpuClass(): Promise<CpuClass> {
  const text = await readFile('/proc/cpuinfo', 'utf8').catch(() => '');
  const flags = /^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1]?.split(' ');
  if (flags === undefined) return 'unknown';
  if (process.arch === 'x64') {
    return flags.some((flag) => /^avx(512)?_vnni$/.test(flag)) ? 'x86 with VNNI' : 'x86 without VNNI';
  }
  if (process.arch === 'arm64') {
    return flags.includes('asimddp') ? 'ARM with dot product' : 'ARM without dot product';
  }
  return 'unknown';
}
