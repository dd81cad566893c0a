import type { Bus } from '../bus/bus.ts';
import type { Topics } from '../bus/topics.ts';
import type { Outlet } from '../pipelines/publisher.ts';
import type { ErrorReporter } from './error-reporter.ts';

/** The topics of one pipeline. State is retained, all else never: a result or event that is told again lies. */
export function createOutlet(options: {
  pipeline: string;
  bus: Bus;
  topics: Topics;
  errors: ErrorReporter;
}): Outlet {
  const { pipeline, bus, topics, errors } = options;
  const once = { qos: 1 } as const;
  const retained = { qos: 1, retain: true } as const;
  return {
    result: (source, text) => bus.publish(topics.result(source, pipeline), text, once),
    state: (source, body) => bus.publish(topics.state(source, pipeline), JSON.stringify(body), retained),
    event: (source, body) => bus.publish(topics.event(source, pipeline), JSON.stringify(body), once),
    image: (source, jpeg) => bus.publish(topics.image(source, pipeline), jpeg, { contentType: 'image/jpeg' }),
    error: (source, error, frame) => errors.report(source, error, { pipeline, frame }),
  };
}
