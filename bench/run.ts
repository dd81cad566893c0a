/** `npm run bench -- NAME`: run one benchmark, or all of them without a name. */
import { runMeasurements } from './runner.ts';

await runMeasurements({
  batching: () => import('./batching.ts'),
  brokers: () => import('./brokers.ts'),
  cameras: () => import('./cameras.ts'),
  compiler: () => import('./compiler.ts'),
  frames: () => import('./frames.ts'),
  gateway: () => import('./gateway.ts'),
  host: () => import('./host.ts'),
  latency: () => import('./latency.ts'),
  presence: () => import('./presence.ts'),
  readings: () => import('./readings.ts'),
  'scale-out': () => import('./scale-out.ts'),
  start: () => import('./start.ts'),
  swap: () => import('./swap.ts'),
});
