#!/usr/bin/env node
import { Command } from 'commander';
import { version } from '../version.ts';
import { benchCommand } from './bench.ts';
import { bundleCommand } from './bundle.ts';
import { compileCommand } from './compile.ts';
import { configCommand } from './config.ts';
import { demoCommand } from './demo.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain.ts';
import { exportCommand } from './export.ts';
import { fitCommand } from './fit.ts';
import { reportMistakes } from './mistakes.ts';
import { modelCommand } from './model.ts';
import { optimizeCommand } from './optimize.ts';
import { personCommand } from './person.ts';
import { replayCommand } from './replay.ts';
import { repoCommand } from './repo.ts';
import { runCommand } from './run.ts';
import { samplesCommand } from './samples.ts';
import { trainCommand } from './train.ts';
import { watchCommand } from './watch.ts';

const program = new Command('edgeward')
  .description(
    'Edge AI gateway: frames in over MQTT, verdicts out, through quantized nets that are swapped while they run.',
  )
  .version(version)
  .addHelpText(
    'after',
    `
Start here:
  edgeward demo                                  digits over MQTT, recognised before your eyes
  edgeward config reference > edgeward.yaml      every key, explained
  edgeward doctor --config edgeward.yaml         what is wrong, and how to mend it
  edgeward run --config edgeward.yaml            the gateway itself`,
  );

for (const command of [
  demoCommand(),
  runCommand(),
  watchCommand(),
  personCommand(),
  replayCommand(),
  explainCommand(),
  doctorCommand(),
  benchCommand(),
  configCommand(),
  bundleCommand(),
  modelCommand(),
  samplesCommand(),
  trainCommand(),
  fitCommand(),
  optimizeCommand(),
  exportCommand(),
  compileCommand(),
  repoCommand(),
]) {
  program.addCommand(command);
}
reportMistakes(program);

try {
  await program.parseAsync();
} catch (error) {
  const { report } = await import('./report.ts');
  process.exitCode = report(error);
}
