import { join } from 'node:path';
import type { Entity } from '../../entity.ts';
import { GatewayError } from '../../errors.ts';
import { definePipeline, type JsonObject, type Scope } from '../contract.ts';
import { modelOf } from '../model-of.ts';
import { Attendance } from '../people/attendance.ts';
import { personCommands } from '../people/enroll.ts';
import { type FaceModels, faceLimits } from '../people/face.ts';
import { galleryAt } from '../people/gallery.ts';
import type { Who } from '../people/identity.ts';
import { type WhoOptions, whoSchema } from '../people/options.ts';
import { Recogniser } from '../people/recogniser.ts';
import { pictureOf } from '../picture-of.ts';
import { rounded } from '../rounded.ts';
import { eventsOf, keyOf, marksOf, sceneEntities, stateOf, trackJson } from '../scene/describe.ts';
import { type SceneOptions, sceneSchema } from '../scene/options.ts';
import { PerSource } from '../scene/per-source.ts';
import { Scene } from '../scene/scene.ts';

type Options = SceneOptions & { readonly who: WhoOptions };

const eventTypes = ['entered', 'left', 'recognised'];

/** Says whether somebody is there, how many, where, for how long, and which members of the house they are. */
export default definePipeline<Options>({
  name: 'presence',
  api: 1,
  models: ['detector', 'face?', 'embedder?'],
  stateful: true,
  options: {
    ...sceneSchema({ classes: ['person'], annotate: 'never', offDelayMs: 30_000 }),
    who: whoSchema,
  },
  async create({ options, stateDir, announce }) {
    const gallery = galleryAt(join(stateDir, 'people'));
    await gallery.load();
    const people = new PerSource(() => ({
      scene: new Scene(options),
      recogniser: new Recogniser(gallery, options.who),
      attendance: new Attendance(options.offDelayMs),
      gallerySeen: 0,
    }));
    let galleryChanges = 0;
    const stopListening = gallery.onChange(() => {
      galleryChanges++;
      announce();
    });
    return {
      async process(frame, { models }) {
        const image = pictureOf(frame, 'presence');
        const source = people.of(frame.source);
        const now = frame.receivedAt;
        const { scene, recogniser, attendance } = source;
        const sight = await scene.see(image, modelOf(models, 'detector'), now);
        const faces = options.who.enabled ? faceModels(models) : undefined;
        if (faces && source.gallerySeen !== galleryChanges) recogniser.rejudge(faces);
        source.gallerySeen = galleryChanges;
        // Who sits still brings about no look.
        const faced = sight.looked ? sight.tracks : sight.tracks.filter((track) => recogniser.isOpen(track));
        if (faces) await recogniser.look(image, faced, faces, now);
        const recognised = recogniser.recognised(sight.tracks);
        const whoOf = (track: { readonly id: number }) => recogniser.who(track.id);
        attendance.note(sight.tracks.map(whoOf), now);
        const state = {
          ...stateOf(sight),
          ...(faces
            ? {
                ...countsOf(sight.tracks.map(whoOf)),
                people: attendance.state(gallery.people.map(({ name }) => name)),
              }
            : {}),
        };
        const named = (track: { readonly id: number }) => (faces ? whoJson(whoOf(track)) : {});
        return {
          result: {
            ...state,
            looked: sight.looked,
            motion: sight.motion,
            objects: sight.tracks.map((track) => ({
              ...trackJson(track, scene.zonesOf(track)),
              ...named(track),
            })),
          },
          state,
          events: [
            ...eventsOf(sight, named),
            ...recognised.map((track) => ({ type: 'recognised', track: track.id, ...named(track) })),
          ],
          ...(sight.doubtful ? { sample: { reason: 'low-score' } } : {}),
          ...(options.annotate === 'never'
            ? {}
            : {
                picture: {
                  marks: marksOf(sight, options, (track) => labelOf(whoOf(track), track.id), 'ok'),
                  when: options.annotate,
                },
              }),
        };
      },
      pictures: options.annotate !== 'never',
      entities: () => [
        ...sceneEntities(Object.keys(options.zones), 'people', eventTypes),
        ...gallery.people.flatMap(({ name }) => memberEntities(name)),
      ],
      commands: personCommands({
        gallery,
        models: ({ models }) => needFaceModels(models),
        limits: ({ face }) => faceLimits(options.who, face),
        portraits: (name, track) => people.known(name)?.recogniser.portraits(track) ?? [],
      }),
      close: stopListening,
    };
  },
});

function faceModels({ face, embedder }: Scope['models']): FaceModels | undefined {
  return face && embedder ? { face, embedder } : undefined;
}

function needFaceModels(models: Scope['models']): FaceModels {
  const found = faceModels(models);
  if (found) return found;
  throw new GatewayError(
    'REQUEST_INVALID',
    'Expected models for the roles face and embedder but received none',
  );
}

/** `nobody` is a count of 0; somebody without a face is told apart. */
function countsOf(whos: readonly Who[]): JsonObject {
  const count = (is: Who['is']) => whos.filter((who) => who.is === is).length;
  return { members: count('member'), unknown: count('unknown'), noFace: count('no face') };
}

function whoJson(who: Who): JsonObject {
  const { similarity } = who;
  return {
    who: who.is,
    ...(who.is === 'member' ? { name: who.name, margin: rounded(who.margin) } : {}),
    ...(similarity === undefined ? {} : { similarity: rounded(similarity) }),
  };
}

function labelOf(who: Who, track: number): string {
  return who.is === 'member' ? who.name : `person ${track}`;
}

function memberEntities(name: string): Entity[] {
  // What is retained of a source that has sent nothing since knows nothing of who was enrolled later.
  const path = `(value_json.people[${JSON.stringify(name)}] | default({}))`;
  return [
    {
      key: `person_${keyOf(name)}`,
      platform: 'binary_sensor',
      name: `${name} present`,
      from: 'state',
      template: `{{ ${path}.present | default(false) }}`,
      deviceClass: 'presence',
    },
    {
      key: `last_seen_${keyOf(name)}`,
      platform: 'sensor',
      name: `${name} last seen`,
      from: 'state',
      template: `{{ ${path}.lastSeen | default(none) }}`,
      deviceClass: 'timestamp',
    },
  ];
}
