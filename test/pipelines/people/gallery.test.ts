import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Gallery } from '../../../src/pipelines/people/gallery.ts';

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'edgeward-gallery-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return join(path, 'people');
}

const picture = (...embedding: number[]) => ({
  data: Buffer.from('the picture'),
  digest: 'sha256:one',
  embedding: Float32Array.from(embedding),
});

/** Every file under a folder with its rights. */
async function files(path: string): Promise<[string, number][]> {
  const names = await readdir(path, { recursive: true });
  return Promise.all(
    names.map(async (name) => [name, (await stat(join(path, name))).mode & 0o777] as [string, number]),
  );
}

describe('Gallery', () => {
  it('remembers people over a restart, readable for nobody else', async () => {
    const path = await folder();
    const gallery = new Gallery(path);
    await gallery.load();
    await gallery.enroll('Anna', [picture(1, 0), picture(0.8, 0.6)]);
    await gallery.enroll('Ben', [picture(0, 1)]);
    await gallery.enroll('Anna', [picture(0.6, 0.8)]);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    for (const [name, mode] of await files(path)) expect(mode, name).toBe(name.includes('/') ? 0o600 : 0o700);

    const again = new Gallery(path);
    await again.load();
    expect(again.people.map(({ name, pictures }) => [name, pictures.length])).toEqual([
      ['Anna', 3],
      ['Ben', 1],
    ]);
    const [anna] = again.members('sha256:one');
    expect(anna?.embeddings[1]?.[0]).toBeCloseTo(0.8);
    expect(again.members('sha256:other')[0]?.embeddings).toEqual([]);
  });

  it('forgets all of a person: name, numbers and pictures', async () => {
    const path = await folder();
    const gallery = new Gallery(path);
    await gallery.load();
    await gallery.enroll('Anna', [picture(1, 0)]);
    await gallery.enroll('Ben', [picture(0, 1)]);
    await gallery.delete('Anna');
    expect(gallery.people.map(({ name }) => name)).toEqual(['Ben']);
    const left = await files(path);
    expect(left).toHaveLength(3);
    for (const [name] of left.filter(([name]) => name.endsWith('.json'))) {
      expect(await readFile(join(path, name), 'utf8')).not.toContain('Anna');
    }
  });

  it('renames, and refuses names that are taken, empty or unknown', async () => {
    const gallery = new Gallery(await folder());
    await gallery.load();
    await gallery.enroll('Anna', [picture(1, 0)]);
    await gallery.enroll('Ben', [picture(0, 1)]);
    await gallery.rename('Anna', 'Anne');
    expect(gallery.people.map(({ name }) => name)).toEqual(['Anne', 'Ben']);
    const refused = { code: 'REQUEST_INVALID' };
    await expect(gallery.rename('Anne', 'Ben')).rejects.toMatchObject(refused);
    await expect(gallery.rename('Carl', 'Dora')).rejects.toMatchObject(refused);
    await expect(gallery.rename('Anne', ' ')).rejects.toMatchObject(refused);
    await expect(gallery.delete('Anna')).rejects.toMatchObject(refused);
    await expect(gallery.enroll('A\nB', [picture(1)])).rejects.toMatchObject(refused);
  });

  it('makes the numbers of another embedder from the pictures it kept, once', async () => {
    const gallery = new Gallery(await folder());
    await gallery.load();
    await gallery.enroll('Anna', [picture(1, 0), picture(0, 1)]);
    expect(gallery.lacks('sha256:two')).toBe(true);
    const seen: string[] = [];
    const embed = async (data: Uint8Array) => {
      seen.push(Buffer.from(data).toString());
      return seen.length === 1 ? Float32Array.of(0, 0, 1) : undefined;
    };
    await gallery.renew('sha256:two', embed);
    await gallery.renew('sha256:two', embed);
    expect(seen).toEqual(['the picture', 'the picture']);
    expect(gallery.lacks('sha256:two')).toBe(false);
    expect(gallery.members('sha256:two')[0]?.embeddings).toEqual([Float32Array.of(0, 0, 1)]);
    expect(gallery.members('sha256:one')[0]?.embeddings).toHaveLength(2);
  });

  it('passes over a damaged entry', async () => {
    const path = await folder();
    const gallery = new Gallery(path);
    await gallery.load();
    const { id } = await gallery.enroll('Anna', [picture(1, 0)]);
    await gallery.enroll('Ben', [picture(0, 1)]);
    await writeFile(join(path, id, 'person.json'), '{"name": "An');
    const again = new Gallery(path);
    await again.load();
    expect(again.people.map(({ name }) => name)).toEqual(['Ben']);
  });
});
