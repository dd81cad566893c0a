import { GatewayError } from '../errors.ts';

/** The exit code that keeps systemd from starting a program again whose configuration is wrong (EX_CONFIG). */
const exitConfig = 78;

/** Prints an error for people and returns the exit code: the one broad catch of the command line. */
export function report(error: unknown): number {
  if (error instanceof GatewayError) {
    process.stderr.write(`edgeward: ${error.message} (${error.code})\n`);
    return error.code === 'CONFIG_INVALID' ? exitConfig : 1;
  }
  process.stderr.write(
    `edgeward: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  return 1;
}
