import { Command } from 'commander';

export function runCommand(): Command {
  return new Command('run')
    .description('run the gateway: frames in over MQTT, verdicts out')
    .requiredOption('-c, --config <file>', 'YAML file; `edgeward config reference` prints every key')
    .addHelpText(
      'after',
      `
Signals:
  SIGTERM, SIGINT  finish the frames in work, then end; a second one ends at once
  SIGHUP           read the configuration again; models that did not change go on

Exit codes:
  0   stopped as told
  1   an error at start, for instance a port that is taken
  78  the configuration has errors; all of them are printed

Examples:
  edgeward run --config config/demo.yaml
  EDGEWARD_LOG_LEVEL=debug edgeward run --config /etc/edgeward/edgeward.yaml`,
    )
    .action(async (options: { config: string }) => {
      const { runGateway } = await import('../daemon/run.ts');
      process.exitCode = await runGateway(options.config);
    });
}
