import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger };

export interface LogOptions {
  /** Least level that is written. */
  level: string;
  /** `auto`: for people on a terminal, one JSON object a line otherwise. */
  format: 'auto' | 'json' | 'pretty';
  destination?: DestinationStream;
}

/** The root logger. Each part takes a child of it once: `log.child({ part: 'bus' })`. */
export async function createLog({ level, format, destination }: LogOptions): Promise<Logger> {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (destination) return pino(options, destination);
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true);
  if (!pretty) return pino(options, pino.destination({ dest: 2, sync: false, minLength: 0 }));
  const { default: prettyStream } = await import('pino-pretty');
  return pino(
    { ...options, serializers: { err: forPeople } },
    prettyStream({
      destination: 2,
      sync: true,
      ignore: 'part',
      messageFormat: '{if part}{part}: {end}{msg}',
    }),
  );
}

/** Where in the program an error arose tells people something only if nobody had thought of it. */
function forPeople(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  return hasCode(error) ? `${error.message} (${error.code})` : pino.stdSerializers.err(error);
}

/** It and whatever caused it, as those of the file system and of the gateway. */
function hasCode(error: Error): error is Error & { code: unknown } {
  return 'code' in error && (!(error.cause instanceof Error) || hasCode(error.cause));
}
