import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeSample, type SampleWithPayload } from './sample.ts';

export interface SampleFile {
  /** Counts up: the oldest has the least. */
  readonly number: number;
  readonly id: string;
  readonly path: string;
}

const digits = 12;
const pattern = new RegExp(`^(\\d{${digits}})-([0-9a-f]{12}-[0-9a-f]{8})\\.sample$`);
const left = /\.sample\.[0-9a-f]{8}\.part$/;

export function samplesFolder({ stateDir }: { readonly stateDir: string }): string {
  return join(stateDir, 'samples');
}

export function samplePath(folder: string, number: number, id: string): string {
  return join(folder, `${String(number).padStart(digits, '0')}-${id}.sample`);
}

/** The samples of a folder, oldest first; what is no sample is left out. Rejects with the disk's error. */
export async function sampleFiles(folder: string): Promise<SampleFile[]> {
  const names = await readdir(folder);
  return names.sort().flatMap((name) => {
    const [, number, id] = pattern.exec(name) ?? [];
    return number === undefined || id === undefined
      ? []
      : [{ number: Number(number), id, path: join(folder, name) }];
  });
}

/** What a crash in the middle of writing left behind. */
export async function leftParts(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => left.test(name)).map((name) => join(folder, name));
}

/** @throws SAMPLE_INVALID, or the disk's error. */
export async function readSample({ path }: Pick<SampleFile, 'path'>): Promise<SampleWithPayload> {
  return decodeSample(await readFile(path), path);
}
