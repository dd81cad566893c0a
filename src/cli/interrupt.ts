/** Aborts at the first SIGINT or SIGTERM, so that a command can end in order; the second ends the process. */
export function interruptSignal(): AbortSignal {
  const interrupted = new AbortController();
  const onSignal = () => {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    interrupted.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return interrupted.signal;
}
