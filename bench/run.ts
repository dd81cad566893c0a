/** `npm run bench -- NAME`: run one benchmark, or all of them without a name. */
import { runMeasurements } from './runner.ts';

await runMeasurements({
  batching: () => import('./batching.ts'),
  compiler: () => import('./compiler.ts'),
  gateway: () => import('./gateway.ts'),
  host: () => import('./host.ts'),
});
