import { definePipeline } from 'edgeward';

/** Counts how often each camera showed each class, and tells when a new one turns up. */
export default definePipeline({
  name: 'counter',
  api: 1,
  models: ['classifier'],
  stateful: true, // one frame of a source at a time: it remembers
  options: {
    minScore: { doc: 'Below it a class does not count.', format: Number, default: 0.8 },
  },
  create({ options, log }) {
    const counts = new Map();
    return {
      async process(frame, { models }) {
        const { classes } = await models.classifier.infer(frame.image);
        const [{ label, score }] = classes;
        const seen = counts.get(frame.source) ?? {};
        counts.set(frame.source, seen);
        const isNew = score >= options.minScore && !(label in seen);
        if (score >= options.minScore) seen[label] = (seen[label] ?? 0) + 1;
        if (isNew) log.info({ source: frame.source, label }, 'New class');
        return {
          result: { label, score },
          state: { ...seen },
          events: isNew ? [{ type: 'appeared', label }] : [],
        };
      },
    };
  },
});
