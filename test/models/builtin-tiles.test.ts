import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { readTiles, type Tile, tilesMissing } from '../../eval/tiles.ts';
import { Image } from '../../src/image.ts';
import { started } from './fixtures.ts';

it.skipIf(tilesMissing)(
  'the built-in model of tiles tells those that it learned from apart (skipped where ../shared is missing)',
  async () => {
    const { host } = await started('builtin:tiles');
    const tiles = (await readTiles()).filter((_, i) => i % 30 === 0);
    const score = async ({ file }: Tile) => {
      const image = new Image({ data: await readFile(file), format: 'jpeg' });
      return (await host.infer(image)).tensors?.score?.data[0] ?? Number.NaN;
    };
    const isNg = await Promise.all(tiles.map(async (tile) => (await score(tile)) >= 0.5));
    const ngShare = (isBad: boolean) => {
      const judged = isNg.filter((_, i) => tiles[i]?.isBad === isBad);
      expect(judged.length).toBeGreaterThan(5);
      return judged.filter(Boolean).length / judged.length;
    };
    expect(ngShare(true)).toBeGreaterThan(0.6);
    expect(ngShare(false)).toBeLessThan(0.2);
  },
);
