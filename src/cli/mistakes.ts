import type { Command } from 'commander';

/** Lets mistakes in the arguments of a command, and of those in it, read as every other error: a line with a code. */
export function reportMistakes(command: Command): void {
  command.configureOutput({
    outputError: (text, write) => {
      const message = text
        .replace(/^error: /, '')
        .trim()
        .replaceAll(/\s*\n\s*/g, ' ');
      write(`edgeward: ${message} (REQUEST_INVALID)\n`);
    },
  });
  for (const part of command.commands) reportMistakes(part);
}
