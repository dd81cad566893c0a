/** Steps of an update at which the program may end without harm; tests end it at each of them. */
export const faultPoints = [
  'update-accepted',
  'download-begun',
  'download-done',
  'version-proved',
  'pointers-written',
  'version-swapped',
  'version-confirmed',
  'rollback-written',
  'rollback-swapped',
] as const;

export type FaultPoint = (typeof faultPoints)[number];

/** Ends the program as a cut of power would, if EDGEWARD_FAULT_POINT names this step. */
export function faultPoint(name: FaultPoint): void {
  if (process.env.EDGEWARD_FAULT_POINT === name) process.kill(process.pid, 'SIGKILL');
}
