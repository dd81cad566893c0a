/**
 * A pipeline for a net of numbers: the payload goes in as it is, and the mean square of what comes out is the
 * verdict.
 */
export default {
  name: 'summary',
  api: 1,
  models: ['net'],
  options: {},
  create: () => ({
    async process(frame, { models }) {
      const { payload } = frame;
      const [name] = Object.keys(models.net.manifest.inputs);
      const { tensors } = await models.net.infer({ [name]: { data: payload, shape: [payload.length] } });
      const [{ data }] = Object.values(tensors);
      let sum = 0;
      for (const value of data) sum += value * value;
      return { result: { meanSquare: sum / data.length } };
    },
  }),
};
