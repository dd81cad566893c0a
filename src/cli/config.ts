import { Command } from 'commander';

/** EX_CONFIG of sysexits.h, as `edgeward run` ends with a configuration that is wrong. */
const exitConfig = 78;

export function configCommand(): Command {
  return new Command('config')
    .description('explain, check and prepare configuration files')
    .addCommand(referenceCommand())
    .addCommand(checkCommand())
    .addCommand(hashPasswordCommand());
}

function referenceCommand(): Command {
  return new Command('reference')
    .description('print every key with its meaning, default and environment variable, as YAML')
    .addHelpText('after', '\nExample:\n  edgeward config reference > edgeward.yaml')
    .action(async () => {
      const [{ renderReference }, { schema }] = await Promise.all([
        import('../config/reference.ts'),
        import('../config/schema.ts'),
      ]);
      process.stdout.write(renderReference(schema));
    });
}

function checkCommand(): Command {
  return new Command('check')
    .description('check a configuration and name everything that is wrong with it')
    .option('-c, --config <file>', 'YAML file; without it the environment alone is checked')
    .option('--json', 'print {ok, file, problems, notes} for programs')
    .addHelpText(
      'after',
      `
Secrets are read, the environment is applied and the code of pipelines is loaded, as \`edgeward run\` does.
Bundles and brokers are not opened: \`edgeward doctor\` does that.

Exit codes:
  0   the configuration is right
  78  it has errors

Example:
  edgeward config check --config /etc/edgeward/edgeward.yaml`,
    )
    .action(async ({ config: file, json = false }: { config?: string; json?: boolean }) => {
      const { checkConfig } = await import('./config-check.ts');
      const { report, text } = await checkConfig(file);
      if (json) {
        process.stdout.write(`${JSON.stringify(report)}\n`);
      } else {
        (report.ok ? process.stdout : process.stderr).write(`${text}\n`);
        for (const note of report.notes) process.stderr.write(`${note}\n`);
      }
      if (!report.ok) process.exitCode = exitConfig;
    });
}

function hashPasswordCommand(): Command {
  return new Command('hash-password')
    .description('print the hash of a password, for bus.embedded.users.NAME.passwordHash')
    .addHelpText(
      'after',
      `
On a terminal it asks without showing what you type; otherwise it reads one line from its input.

Example:
  edgeward config hash-password < secrets/camera-door`,
    )
    .action(async () => {
      const [{ readPassword }, { hashPassword }] = await Promise.all([
        import('./password-prompt.ts'),
        import('../config/password.ts'),
      ]);
      process.stdout.write(`${await hashPassword(await readPassword(process.stdin, process.stderr))}\n`);
    });
}
