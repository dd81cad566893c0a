/** `npm run eval -- NAME`: measure how good the answers are, of one task or, without a name, of all. */
import { runMeasurements } from '../bench/runner.ts';

await runMeasurements({
  defect: () => import('./defect.ts'),
  mnist: () => import('./mnist.ts'),
  people: () => import('./people.ts'),
  presence: () => import('./presence.ts'),
  sensor: () => import('./sensor.ts'),
});
