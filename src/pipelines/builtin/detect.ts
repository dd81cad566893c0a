import { definePipeline } from '../contract.ts';
import { modelOf } from '../model-of.ts';
import { pictureOf } from '../picture-of.ts';
import { eventsOf, marksOf, sceneEntities, stateOf, trackJson } from '../scene/describe.ts';
import { type SceneOptions, sceneSchema } from '../scene/options.ts';
import { PerSource } from '../scene/per-source.ts';
import { Scene } from '../scene/scene.ts';

/** Follows the objects that a detector sees: which, where, how many, in which zone. */
export default definePipeline<SceneOptions>({
  name: 'detect',
  api: 1,
  models: ['detector'],
  stateful: true,
  options: sceneSchema({ classes: [], annotate: 'change', offDelayMs: 5_000 }),
  create({ options }) {
    const scenes = new PerSource(() => new Scene(options));
    return {
      async process(frame, { models }) {
        const image = pictureOf(frame, 'detect');
        const scene = scenes.of(frame.source);
        const sight = await scene.see(image, modelOf(models, 'detector'), frame.receivedAt);
        const classes: Record<string, number> = {};
        for (const { label } of sight.tracks) classes[label] = (classes[label] ?? 0) + 1;
        const state = { ...stateOf(sight), classes };
        const marks = marksOf(sight, options, ({ label, id }) => `${label} ${id}`, 'warn');
        return {
          result: {
            ...state,
            looked: sight.looked,
            motion: sight.motion,
            objects: sight.tracks.map((track) => trackJson(track, scene.zonesOf(track))),
          },
          state,
          events: eventsOf(sight),
          ...(sight.doubtful ? { sample: { reason: 'low-score' } } : {}),
          ...(options.annotate === 'never' ? {} : { picture: { marks, when: options.annotate } }),
        };
      },
      pictures: options.annotate !== 'never',
      entities: () => sceneEntities(Object.keys(options.zones), 'objects', ['entered', 'left']),
    };
  },
});
