/** `timeout` and some shells tell a process and then its group: both are one wish. */
const sameWishMs = 500;

/**
 * Calls `first` at the first SIGINT or SIGTERM, and `again` at the next: a person who asks twice does not want to wait.
 * @returns what ends it.
 */
export function onStopSignals(
  first: (signal: NodeJS.Signals) => void,
  again: (signal: NodeJS.Signals) => void,
): () => void {
  let askedAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals) => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      first(signal);
    } else if (performance.now() - askedAt > sameWishMs) again(signal);
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  return () => void process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
}
