import { Command } from 'commander';
import { count, positive } from './numbers.ts';

export function demoCommand(): Command {
  return new Command('demo')
    .description('handwritten digits over MQTT, recognised by an int8 net before your eyes')
    .option('--rate <number>', 'digits a second', positive, 8)
    .option('--count <number>', 'end after so many verdicts; without it, Ctrl-C ends', count)
    .addHelpText(
      'after',
      `
Starts a gateway of config/demo.yaml in a process of its own, publishes the pictures of examples/digits to its
broker and prints what it answers. Look over its shoulder from another terminal:

  edgeward watch
  mosquitto_sub -t 'edgeward/#' -v`,
    )
    .action(async (options: { rate: number; count?: number }) => {
      const { runDemo } = await import('./demo/run.ts');
      process.exitCode = await runDemo(options);
    });
}
