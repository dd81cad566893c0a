import { GatewayError } from '../../errors.ts';
import { definePipeline } from '../contract.ts';
import { Reporter } from '../sensor/decide.ts';
import { entitiesOf } from '../sensor/entities.ts';
import { compilePath } from '../sensor/json-path.ts';
import { type SensorOptions, sensorSchema } from '../sensor/options.ts';
import { SourceMonitor } from '../sensor/source-monitor.ts';

/** Watches readings: limits of every channel, and windows of them through a net that knows what is normal. */
export default definePipeline<SensorOptions>({
  name: 'sensor',
  api: 1,
  models: ['net?'],
  stateful: true,
  // A reading that is left out is a hole in the window, and a limit that was passed unseen.
  mailbox: 'every',
  options: sensorSchema,
  create({ options }) {
    const channels = Object.entries(options.channels);
    if (channels.length === 0 || channels.length > 64) {
      throw new GatewayError(
        'PIPELINE_LOAD_FAILED',
        `Expected 1 to 64 channels for sensor but received ${channels.length}`,
      );
    }
    // A path that is none should be told at the start and not with the first frame.
    for (const path of [options.time, ...channels.map(([, { path }]) => path)]) compilePath(path);
    const sources = new Map<string, { monitor: SourceMonitor; reporter: Reporter }>();
    return {
      async process(frame, { models }) {
        let source = sources.get(frame.source);
        if (!source) {
          source = { monitor: new SourceMonitor(options), reporter: new Reporter(options) };
          sources.set(frame.source, source);
        }
        const outcome = await source.monitor.note(frame, models.net);
        return source.reporter.decide(outcome);
      },
      pictures: false,
      entities: () => entitiesOf(options),
    };
  },
});
