import { expect, it } from 'vitest';
import { Image } from '../../../src/image.ts';
import type { Model } from '../../../src/models/model.ts';
import { Gallery } from '../../../src/pipelines/people/gallery.ts';
import { Recogniser } from '../../../src/pipelines/people/recogniser.ts';
import { temporaryFolder } from '../../support/gateway.ts';

it('goes on looking at faces when the clock was set back', async () => {
  const options = { enabled: true, match: 0.6, margin: 0, minFaces: 1, minScore: 0.5, minPixels: 8 };
  const recogniser = new Recogniser(new Gallery(await temporaryFolder()), {
    ...options,
    everyMs: 300,
    againMs: 5_000,
  });
  let asked = 0;
  const face = { infer: async () => ({ detections: [], asked: asked++ }) } as unknown as Model;
  const image = new Image({ data: new Uint8Array(), format: 'jpeg' });
  const seen = { label: 'person', score: 1, since: 0, seenAt: 0, confirmed: true };
  const tracks = [{ ...seen, id: 1, box: { x: 0, y: 0, width: 1, height: 1 } }];
  for (const now of [10_000, 1_000, 1_300])
    await recogniser.look(image, tracks, { face, embedder: face }, now);
  expect(asked).toBe(2);
});
