import { Command } from 'commander';
import { fitDefectCommand } from './fit/defect.ts';
import { fitSensorCommand } from './fit/sensor.ts';

export function fitCommand(): Command {
  return new Command('fit')
    .description('learn on this machine what is normal, and write it as a bundle')
    .addCommand(fitDefectCommand())
    .addCommand(fitSensorCommand());
}
