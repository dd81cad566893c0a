import sharp from 'sharp';
import { get } from 'sparkplug-payload';

export interface Sample {
  readonly topic: string;
  readonly bytes: Buffer;
}

/** A valid frame of every kind that a gateway reads. */
export async function wholeFrames(): Promise<Sample[]> {
  const scene = sharp({ create: { width: 96, height: 64, channels: 3, background: '#357' } });
  const [jpeg, png, webp] = await Promise.all([
    scene.clone().jpeg().toBuffer(),
    scene.clone().png().toBuffer(),
    scene.clone().webp().toBuffer(),
  ]);
  const envelope = Buffer.from(
    JSON.stringify({ id: 'hostile', capturedAt: 1, data: png.toString('base64') }),
  );
  const reading = Buffer.from(JSON.stringify({ percent: 40, more: { deep: [1, 2, { deeper: 'x' }] } }));
  const metrics = [
    { name: 'Motor/Speed', alias: 3, type: 'Double', value: 1480 },
    { name: 'Motor/On', type: 'Boolean', value: true },
  ];
  const encode = get('spBv1.0')?.encodePayload;
  if (!encode) throw new Error('Expected an encoder of Sparkplug B');
  const sparkplug = Buffer.from(encode({ timestamp: 1_700_000_000_000, metrics: metrics as never }));
  return [
    ...[jpeg, png, webp, envelope].map((bytes) => ({ topic: 'cameras/stranger/frame', bytes })),
    { topic: 'plant/stranger/load', bytes: reading },
    { topic: 'spBv1.0/plant/DDATA/edge/stranger', bytes: sparkplug },
  ];
}
