import { GatewayError } from '../errors.ts';

/** The exit code that keeps systemd from starting a program again whose configuration is wrong (EX_CONFIG). */
const exitConfig = 78;
/** What shells make of SIGINT: 128 and its number. */
const exitInterrupted = 130;

/** Prints an error for people and returns the exit code: the one broad catch of the command line. */
export function report(error: unknown): number {
  if (error instanceof GatewayError) {
    process.stderr.write(`edgeward: ${error.message} (${error.code})\n`);
    return error.code === 'CONFIG_INVALID' ? exitConfig : 1;
  }
  if (error instanceof Error && error.name === 'AbortError') {
    process.stderr.write('edgeward: interrupted\n');
    return exitInterrupted;
  }
  process.stderr.write(
    `edgeward: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}
