import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Image } from '../../src/image.ts';
import { readBundle } from '../../src/models/bundle.ts';
import { started } from '../models/fixtures.ts';
import { runProgram } from '../support/program.ts';
import { discMask, encoded, folderOf, plate } from '../training/defect/parts.ts';

const spots = [60, 110, 160, 200].map((at) => ({ x: at, y: 256 - at, radius: 14 }));
const good = await folderOf(Array.from({ length: 12 }, (_, i) => plate(i + 1)));
const bad = await folderOf(spots.map((spot, i) => plate(40 + i, spot)));
const masks = await folderOf(spots.map(discMask));

function learn(...options: string[]) {
  const out = join(good, '..', 'plate.bundle');
  return { out, run: runProgram(['fit', 'defect', '--out', out, ...options]) };
}

describe('edgeward fit defect', () => {
  it('learns from good and marked bad parts, and the bundle tells them apart in a model process', async () => {
    const { out, run } = learn('--good', good, '--bad', bad, '--masks', masks, '--steps', '6', '--json');
    const { code, stdout } = await run;
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ out, good: { count: 12 }, bad: { count: 4 } });
    expect(report.bad.found).toBeGreaterThanOrEqual(3);
    expect(report.ngScores.map(({ refused }: { refused: number }) => refused)).toEqual([0.02, 0.05, 0.1]);
    expect((await readBundle(out)).digest).toBe(report.digest);
    const { host } = await started(out);
    const score = async (pixels: Buffer) => {
      const image = new Image({ data: await encoded(pixels), format: 'jpeg' });
      const { tensors } = await host.infer(image);
      return tensors?.score?.data[0] ?? Number.NaN;
    };
    expect(await score(plate(201))).toBeLessThan(0.5);
    expect(await score(plate(202, { x: 90, y: 100, radius: 14 }))).toBeGreaterThan(0.5);
  }, 180_000);

  it('names the bad part that has no mask', async () => {
    const fewer = await folderOf(spots.slice(0, 3).map(discMask));
    await rename(join(fewer, 'part-2.jpg'), join(fewer, 'other.jpg'));
    const { code, stderr } = await learn('--good', good, '--bad', bad, '--masks', fewer).run;
    expect(code).toBe(1);
    expect(stderr).toContain('(DATASET_INVALID)');
    expect(stderr).toContain('part-2');
  });

  it('refuses a folder that is too small to learn from', async () => {
    const { code, stderr } = await learn('--good', bad).run;
    expect(code).toBe(1);
    expect(stderr).toContain('at least 10 pictures of good parts but received 4 (REQUEST_INVALID)');
  });

  it.each(['0.1,0.1,2,1', '0.1,0.1', '0,0,0,1', 'all'])('refuses --crop %s', async (crop) => {
    const { code, stderr } = await learn('--good', good, '--crop', crop).run;
    expect(code).not.toBe(0);
    expect(stderr).toContain('Expected four numbers in [0, 1]');
  });
});
