// Loaded into a daemon before its program: SIGUSR2 sets its clock as many ms off as the file says. As on a machine
// whose clock is set, timers and performance.now() go on undisturbed.
import { readFileSync } from 'node:fs';

const Real = Date;
let offset = 0;
const now = () => Real.now() + offset;

globalThis.Date = new Proxy(Real, {
  construct: (target, args, made) => Reflect.construct(target, args.length > 0 ? args : [now()], made),
  apply: () => new Real(now()).toString(),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});
process.on('SIGUSR2', () => {
  offset = Number(readFileSync(process.env.FAULTS_CLOCK ?? '', 'utf8'));
});
