import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../../durable.ts';
import { GatewayError } from '../../errors.ts';
import { InTurn } from '../../in-turn.ts';
import type { Member } from './match.ts';

/** A picture that a person was enrolled with. */
interface Enrolled {
  readonly id: string;
  /** ISO 8601. */
  readonly added: string;
  /** By digest of the bundle that made it. */
  readonly embeddings: Readonly<Record<string, readonly number[]>>;
}

/** `person.json` in a folder of its own. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly pictures: readonly Enrolled[];
}

/** A new picture with the numbers of its face. */
export interface NewPicture {
  readonly data: Uint8Array;
  readonly digest: string;
  readonly embedding: Float32Array;
}

const most = { people: 1_000, pictures: 100 };

/**
 * The people of the house, on disk: `<folder>/<id>/person.json` and the pictures beside it. Nobody but the user of the
 * gateway may read them. The pictures are kept because another embedder needs them anew.
 */
export class Gallery {
  readonly #folder: string;
  #people: readonly Person[] | undefined;
  /** Changes come one after another. */
  readonly #queue = new InTurn();
  readonly #listeners = new Set<() => void>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Empty before `load`. */
  get people(): readonly Person[] {
    return this.#people ?? [];
  }

  /** Called when somebody came, went or got another name. Returns how to end that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads what is there, once. A folder that is no person is passed over. @throws STATE_UNWRITABLE */
  load(): Promise<void> {
    return this.#queue.run(async () => {
      if (this.#people) return;
      await this.#makeFolder(this.#folder);
      const found: Person[] = [];
      for (const id of await readdir(this.#folder)) {
        const person = await readPerson(join(this.#folder, id, 'person.json'));
        if (person) found.push({ ...person, id });
      }
      this.#people = found.sort((a, b) => a.name.localeCompare(b.name));
    });
  }

  members(digest: string): Member[] {
    return this.people.map(({ name, pictures }) => ({
      name,
      embeddings: pictures.flatMap(({ embeddings }) => {
        const numbers = embeddings[digest];
        return numbers && numbers.length > 0 ? [Float32Array.from(numbers)] : [];
      }),
    }));
  }

  /** Whether there are pictures without numbers of that bundle. */
  lacks(digest: string): boolean {
    return this.people.some(({ pictures }) => pictures.some(({ embeddings }) => !embeddings[digest]));
  }

  /** Adds pictures to a person, who is new where nobody has that name. @throws REQUEST_INVALID */
  enroll(name: string, pictures: readonly NewPicture[]): Promise<Person> {
    return this.#queue.run(async () => {
      const known = this.people.find((person) => person.name === name);
      const person = known ?? { id: randomBytes(8).toString('hex'), name: checkedName(name), pictures: [] };
      if (!known && this.people.length >= most.people) throw tooMany(`${most.people} people`);
      if (person.pictures.length + pictures.length > most.pictures)
        throw tooMany(`${most.pictures} pictures`);
      await this.#makeFolder(join(this.#folder, person.id));
      const added: Enrolled[] = [];
      for (const { data, digest, embedding } of pictures) {
        const id = randomBytes(8).toString('hex');
        await this.#write(join(this.#folder, person.id, id), data);
        const numbers = Array.from(embedding, (value) => Number(value.toPrecision(6)));
        added.push({ id, added: new Date().toISOString(), embeddings: { [digest]: numbers } });
      }
      return this.#keep({ ...person, pictures: [...person.pictures, ...added] });
    });
  }

  /** @throws REQUEST_INVALID if nobody has the first name, or somebody the second. */
  rename(name: string, to: string): Promise<Person> {
    return this.#queue.run(async () => {
      const person = this.#find(name);
      if (this.people.some((other) => other.name === to)) throw invalid('a name that is free', to);
      return this.#keep({ ...person, name: checkedName(to) });
    });
  }

  /** Forgets somebody: name, numbers and pictures. @throws REQUEST_INVALID */
  delete(name: string): Promise<void> {
    return this.#queue.run(async () => {
      const { id } = this.#find(name);
      await rm(join(this.#folder, id), { recursive: true, force: true });
      this.#people = this.people.filter((person) => person.id !== id);
      this.#tell();
    });
  }

  /** Gives every picture the numbers of another embedder; `embed` returns `undefined` where it sees no face. */
  renew(digest: string, embed: (data: Uint8Array) => Promise<Float32Array | undefined>): Promise<void> {
    return this.#queue.run(async () => {
      for (const person of this.people) {
        if (person.pictures.every(({ embeddings }) => embeddings[digest])) continue;
        const pictures: Enrolled[] = [];
        for (const picture of person.pictures) {
          const numbers = picture.embeddings[digest]
            ? undefined
            : await embed(await readFile(join(this.#folder, person.id, picture.id)));
          // What shows this embedder no face is marked so, and not tried again each time.
          const renewed = picture.embeddings[digest] ?? Array.from(numbers ?? []);
          pictures.push({ ...picture, embeddings: { ...picture.embeddings, [digest]: renewed } });
        }
        await this.#keep({ ...person, pictures });
      }
    });
  }

  #find(name: string): Person {
    const person = this.people.find((each) => each.name === name);
    if (person) return person;
    throw invalid(`one of ${this.people.map((each) => each.name).join(', ') || 'no people'}`, name);
  }

  async #keep(person: Person): Promise<Person> {
    const text = JSON.stringify({ name: person.name, pictures: person.pictures });
    await this.#write(join(this.#folder, person.id, 'person.json'), text);
    const others = this.people.filter(({ id }) => id !== person.id);
    this.#people = [...others, person].sort((a, b) => a.name.localeCompare(b.name));
    this.#tell();
    return person;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  async #makeFolder(path: string): Promise<void> {
    await mkdir(path, { recursive: true, mode: 0o700 }).catch(unwritable);
    // Of one that was there already, or under an umask that adds rights.
    await chmod(path, 0o700).catch(unwritable);
  }

  /** Whole or not at all, also after a cut of power, and for nobody else from its first byte on. */
  async #write(path: string, data: Uint8Array | string): Promise<void> {
    await replaceFile(path, data, { mode: 0o600 }).catch(unwritable);
  }
}

/** One gallery a folder: every pipeline that knows people knows the same ones. */
const galleries = new Map<string, Gallery>();

export function galleryAt(folder: string): Gallery {
  const gallery = galleries.get(folder) ?? new Gallery(folder);
  galleries.set(folder, gallery);
  return gallery;
}

async function readPerson(path: string): Promise<Omit<Person, 'id'> | undefined> {
  try {
    const { name, pictures } = JSON.parse(await readFile(path, 'utf8')) as Omit<Person, 'id'>;
    return typeof name === 'string' && Array.isArray(pictures) ? { name, pictures } : undefined;
  } catch {
    return undefined;
  }
}

function checkedName(name: string): string {
  const plain = name.trim();
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  if (plain.length > 0 && plain.length <= 64 && !/[\u0000-\u001f\u007f]/.test(plain)) return plain;
  throw invalid('a name of 1 to 64 characters', name);
}

function invalid(expected: string, received: string): GatewayError {
  return new GatewayError(
    'REQUEST_INVALID',
    `Expected ${expected} for a person but received ${JSON.stringify(received)}`,
  );
}

function tooMany(what: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected at most ${what} for the gallery but received more`);
}

function unwritable(cause: Error): never {
  throw new GatewayError('STATE_UNWRITABLE', `Expected a gallery to write but received: ${cause.message}`, {
    cause,
  });
}
