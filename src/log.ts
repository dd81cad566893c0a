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
    options,
    prettyStream({ destination: 2, sync: true, ignore: 'part', messageFormat: '{part}: {msg}' }),
  );
}
