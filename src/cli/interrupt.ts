import { onStopSignals } from '../stop-signals.ts';

/** Aborts at the first SIGINT or SIGTERM, so that a command can end in order; the second ends the process. */
export function interruptSignal(): AbortSignal {
  const interrupted = new AbortController();
  const forget = onStopSignals(
    () => interrupted.abort(),
    (signal) => {
      forget();
      process.kill(process.pid, signal);
    },
  );
  return interrupted.signal;
}
