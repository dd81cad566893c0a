import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Sample, SampleWithPayload } from '../../daemon/samples/sample.ts';
import { GatewayError } from '../../errors.ts';
import { parseFrame } from '../../pipelines/parse-frame.ts';
import { exportIndex, unlabelledFolder } from '../../sample-export.ts';
import { encodePng } from '../../training/png.ts';
import { writeWhole } from '../../write-whole.ts';

export interface ExportCounts {
  readonly labelled: number;
  readonly unlabelled: number;
}

const extensions = { jpeg: 'jpg', png: 'png', webp: 'webp' } as const;
/** They may show people. */
const fileMode = 0o600;
const folderMode = 0o700;

/**
 * Writes a folder a label with its pictures, those without a label into `unlabelled`, and at last `samples.json`
 * with all that is known of each.
 * @throws REQUEST_INVALID if `out` is there and not empty
 */
export async function exportSamples(
  samples: AsyncIterable<SampleWithPayload>,
  out: string,
): Promise<ExportCounts> {
  await mkdir(out, { recursive: true, mode: folderMode });
  if ((await readdir(out)).length > 0) {
    throw new GatewayError('REQUEST_INVALID', `Expected an empty folder for --out but received ${out}`);
  }
  const index: (Sample & { file: string })[] = [];
  for await (const { sample, payload } of samples) {
    const folder = sample.label ?? unlabelledFolder;
    const { data, extension } = await fileOf(sample, payload);
    const name = `${sample.id}.${extension}`;
    await mkdir(join(out, folder), { recursive: true, mode: folderMode });
    await writeFile(join(out, folder, name), data, { mode: fileMode });
    index.push({ file: `${folder}/${name}`, ...sample });
  }
  await writeWhole(join(out, exportIndex), `${JSON.stringify(index, null, 2)}\n`);
  const labelled = index.filter(({ label }) => label !== undefined).length;
  return { labelled, unlabelled: index.length - labelled };
}

/** As it came, but for raw pixels: no other program knows their size. */
async function fileOf(
  { source, contentType }: Sample,
  payload: Buffer,
): Promise<{ data: Buffer; extension: string }> {
  if (!contentType.startsWith('image/')) {
    return { data: payload, extension: contentType.startsWith('application/json') ? 'json' : 'bin' };
  }
  const { image } = parseFrame(source, { payload, contentType, receivedAt: 0 }, null);
  if (!image) return { data: payload, extension: 'bin' };
  if (image.raw) return { data: await encodePng(payload, image.raw), extension: 'png' };
  return { data: payload, extension: image.format === 'raw' ? 'bin' : extensions[image.format] };
}
