import { GatewayError } from '../../errors.ts';
import { Image, sniffFormat } from '../../image.ts';
import type { Command, JsonObject } from '../contract.ts';
import { type FaceModels, type FaceOptions, readFace } from './face.ts';
import type { Gallery, NewPicture, Person } from './gallery.ts';

const mostPictures = 20;

export interface PersonCommandOptions {
  readonly gallery: Gallery;
  readonly limits: (models: FaceModels) => FaceOptions;
  readonly models: (scope: Parameters<Command>[1]) => FaceModels;
  /** The best pictures of a track of a source. */
  readonly portraits: (source: string, track: number) => readonly Image[];
}

/** The requests `person/…` of the gateway. */
export function personCommands(options: PersonCommandOptions): Readonly<Record<string, Command>> {
  const { gallery } = options;
  return {
    'person/enroll': async (request, scope) => {
      const name = textOf(request, 'name');
      const images = imagesOf(request, options);
      const models = options.models(scope);
      const taken: NewPicture[] = [];
      const refused: JsonObject[] = [];
      for (const [picture, image] of images.entries()) {
        const face = await readFace(image, models, options.limits(models));
        if (face) taken.push({ data: image.data, digest: face.digest, embedding: face.embedding });
        else refused.push({ picture, reason: 'shows no face' });
      }
      if (taken.length === 0) throw invalid('a picture with a face', `${images.length} without`);
      return { ...described(await gallery.enroll(name, taken)), taken: taken.length, refused };
    },
    'person/list': async () => {
      await gallery.load();
      return { people: gallery.people.map(described) };
    },
    'person/rename': async (request) =>
      described(await gallery.rename(textOf(request, 'name'), textOf(request, 'to'))),
    'person/delete': async (request) => {
      await gallery.delete(textOf(request, 'name'));
      return {};
    },
  };
}

function described({ name, pictures }: Person): JsonObject {
  return { name, pictures: pictures.length };
}

/** Pictures that came along, or those of a track that was seen. */
function imagesOf(request: JsonObject, { portraits }: PersonCommandOptions): readonly Image[] {
  const { pictures, source, track } = request;
  if (typeof source === 'string' && typeof track === 'number') {
    const seen = portraits(source, track);
    if (seen.length > 0) return seen;
    throw invalid('a track that showed its face', `track ${track} of ${source}`);
  }
  if (!Array.isArray(pictures) || pictures.length === 0 || pictures.length > mostPictures) {
    throw invalid(`1 to ${mostPictures} pictures in base64, or source and track,`, 'something else');
  }
  return pictures.map((text: unknown) => {
    const data = Buffer.from(typeof text === 'string' ? text : '', 'base64');
    const format = sniffFormat(data);
    if (!format) throw invalid('a JPEG, PNG or WebP in base64', 'other bytes');
    return new Image({ data, format });
  });
}

function textOf(request: JsonObject, key: string): string {
  const value = request[key];
  if (typeof value === 'string') return value;
  throw invalid(`a text for ${key}`, JSON.stringify(value) ?? 'nothing');
}

function invalid(expected: string, received: string): GatewayError {
  return new GatewayError('REQUEST_INVALID', `Expected ${expected} for the request but received ${received}`);
}
