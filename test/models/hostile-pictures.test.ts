import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { cpuMs } from '../../bench/cpu.ts';
import { Image, type ImageFormat } from '../../src/image.ts';
import { echoBundle, plain, scratchFolder, started } from './fixtures.ts';

const folder = await scratchFolder();
const echo = await echoBundle(join(folder, 'echo.bundle'));
const formats = ['jpeg', 'png', 'webp'] as const;

/** The same numbers in every run, so that a failure can be looked at. */
function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function damage(
  whole: Buffer,
  kind: 'cut' | 'flip' | 'header' | 'splice',
  next: (below: number) => number,
): Buffer {
  if (kind === 'cut') return whole.subarray(0, next(whole.length));
  const copy = Buffer.from(whole);
  if (kind === 'splice')
    return Buffer.concat([copy.subarray(0, next(copy.length)), copy.subarray(next(copy.length))]);
  const reach = kind === 'header' ? Math.min(64, copy.length) : copy.length;
  for (let i = 0; i < 1 + next(8); i++) {
    const at = next(reach);
    copy[at] = kind === 'header' ? next(256) : (copy[at] ?? 0) ^ (1 << next(8));
  }
  return copy;
}

async function samples(): Promise<Record<(typeof formats)[number], Buffer[]>> {
  const noise = { type: 'gaussian', mean: 120, sigma: 40 } as const;
  const scene = sharp({ create: { width: 60, height: 40, channels: 3, background: 'black', noise } });
  const made = { jpeg: [] as Buffer[], png: [] as Buffer[], webp: [] as Buffer[] };
  for (const progressive of [true, false]) {
    made.jpeg.push(await scene.clone().jpeg({ progressive }).toBuffer());
    made.png.push(await scene.clone().png({ progressive }).toBuffer());
  }
  made.jpeg.push(await scene.clone().greyscale().jpeg().toBuffer());
  made.png.push(await scene.clone().png({ palette: true }).toBuffer());
  made.webp.push(
    await scene.clone().webp().toBuffer(),
    await scene.clone().webp({ lossless: true }).toBuffer(),
  );
  return made;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A well-formed PNG of any size in the header over any rows. */
function png(width: number, height: number, rows: Buffer, bitDepth = 8): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = bitDepth;
  const signature = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const parts = [chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([signature, ...parts]);
}

async function residentKb(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kb = /VmRSS:\s+(\d+)/.exec(status)?.[1];
  return kb === undefined ? undefined : Number(kb);
}

describe('hostile pictures', () => {
  it('by the thousand are answered one by one by a process that stays as it is', async () => {
    const { host } = await started(echo);
    const next = random(20);
    const whole = await samples();
    const batch = (count: number) =>
      Array.from({ length: count }, async () => {
        const format = formats[next(3)] ?? 'jpeg';
        const source = whole[format][next(whole[format].length)] ?? Buffer.alloc(0);
        const kind = (['cut', 'flip', 'header', 'splice'] as const)[next(4)] ?? 'cut';
        const image = new Image({ data: damage(source, kind, next), format });
        return host.infer(image).then(
          () => 'OK',
          (error) => error.code as string,
        );
      });
    const [pid] = host.processes.map((child) => child.pid);
    if (pid === undefined) throw new Error('No process is up');
    const counts: Record<string, number> = {};
    let settled: number | undefined;
    for (let round = 0; round < 10; round++) {
      for (const code of await Promise.all(batch(200))) counts[code] = (counts[code] ?? 0) + 1;
      // The first rounds load sharp and fill the pools of the allocator.
      if (round === 3) settled = await residentKb(pid);
    }
    // Some damage does not show: a flipped bit in noise is other noise.
    expect(Object.keys(counts).sort()).toEqual(['FRAME_INVALID', 'OK']);
    expect((counts.FRAME_INVALID ?? 0) + (counts.OK ?? 0)).toBe(2000);
    expect(counts.FRAME_INVALID).toBeGreaterThan(1000);
    expect(host.processes.map((child) => child.pid)).toEqual([pid]);
    const now = await residentKb(pid);
    if (settled !== undefined && now !== undefined) expect(now - settled).toBeLessThan(20_000);
    await expect(host.infer(plain(1, 2, 3))).resolves.toBeDefined();
  });

  it('with sizes of 65535 × 65535 or more in their headers take neither memory nor time', async () => {
    const { host } = await started(echo);
    const { jpeg, webp } = await samples();
    const [wideJpeg, wideWebp] = [Buffer.from(jpeg[1] ?? []), Buffer.from(webp[1] ?? [])];
    wideJpeg.fill(
      0xff,
      wideJpeg.indexOf(Buffer.of(0xff, 0xc0)) + 5,
      wideJpeg.indexOf(Buffer.of(0xff, 0xc0)) + 9,
    );
    // Lossless WebP: 14 bits each of width and height less one, behind the signature 0x2f.
    wideWebp.fill(0xff, wideWebp.indexOf('VP8L') + 9, wideWebp.indexOf('VP8L') + 12);
    const hostile: [Buffer, ImageFormat][] = [
      [wideJpeg, 'jpeg'],
      [wideWebp, 'webp'],
      [png(65535, 65535, Buffer.alloc(10)), 'png'],
      [png(0xffffffff, 0xffffffff, Buffer.alloc(10)), 'png'],
      [png(0, 0, Buffer.alloc(0)), 'png'],
      [png(65535, 65535, Buffer.alloc(10), 16), 'png'],
    ];
    const [before] = host.processes;
    const cpuBefore = await cpuMs(before?.pid ?? 0);
    for (const [data, format] of hostile) {
      await expect(host.infer(new Image({ data, format }))).rejects.toMatchObject({ code: 'FRAME_INVALID' });
    }
    const spentMs = (await cpuMs(before?.pid ?? 0)) - cpuBefore;
    if (!Number.isNaN(spentMs)) expect(spentMs).toBeLessThan(5_000);
    const kb = await residentKb(before?.pid ?? 0);
    if (kb !== undefined) expect(kb).toBeLessThan(200_000);
  });

  it('that decompress to much more than their size are cut off at what they may be', async () => {
    const { host } = await started(echo);
    const [before] = host.processes;
    // 100 × 100 in the header over 200 MB of zeros in 200 KB.
    const bomb = png(100, 100, Buffer.alloc(200 << 20));
    expect(bomb.length).toBeLessThan(300_000);
    const cpuBefore = await cpuMs(before?.pid ?? 0);
    const answers = Array.from({ length: 8 }, () =>
      host.infer(new Image({ data: bomb, format: 'png' })).catch((error) => error.code),
    );
    expect(await Promise.all(answers)).toEqual(Array(8).fill('FRAME_INVALID'));
    const spentMs = (await cpuMs(before?.pid ?? 0)) - cpuBefore;
    if (!Number.isNaN(spentMs)) expect(spentMs).toBeLessThan(5_000);
    const kb = await residentKb(before?.pid ?? 0);
    if (kb !== undefined) expect(kb).toBeLessThan(200_000);
  });
});
