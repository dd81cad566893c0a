import { Command } from 'commander';
import type { Problem } from '../config/problem.ts';
import type { Config } from '../config/types.ts';

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
Secrets are read and the environment is applied, as \`edgeward run\` does. Bundles and brokers are not
opened: \`edgeward doctor\` does that.

Exit codes:
  0   the configuration is right
  78  it has errors

Example:
  edgeward config check --config /etc/edgeward/edgeward.yaml`,
    )
    .action(async ({ config: file, json = false }: { config?: string; json?: boolean }) => {
      const outcome = await checkConfig(file);
      if (json) {
        process.stdout.write(`${JSON.stringify(outcome.report)}\n`);
      } else {
        (outcome.report.ok ? process.stdout : process.stderr).write(`${outcome.text}\n`);
        for (const note of outcome.report.notes) process.stderr.write(`${note}\n`);
      }
      if (!outcome.report.ok) process.exitCode = exitConfig;
    });
}

interface Outcome {
  readonly report: {
    readonly ok: boolean;
    readonly file: string | null;
    readonly problems: readonly Problem[];
    /** What is no error, but may be a slip. */
    readonly notes: readonly string[];
  };
  /** The same for people. */
  readonly text: string;
}

async function checkConfig(file: string | undefined): Promise<Outcome> {
  const [{ loadConfig }, { strayVariables }, { schema }, { GatewayError }] = await Promise.all([
    import('../config/load.ts'),
    import('../config/environment.ts'),
    import('../config/schema.ts'),
    import('../errors.ts'),
  ]);
  const report = { file: file ?? null, notes: strayVariables(schema, process.env) };
  try {
    const config = loadConfig({ file, env: process.env });
    return { report: { ok: true, problems: [], ...report }, text: summary(config, file) };
  } catch (error) {
    if (!(error instanceof GatewayError && error.code === 'CONFIG_INVALID')) throw error;
    const problems = error.details?.problems as readonly Problem[];
    return { report: { ok: false, problems, ...report }, text: error.message };
  }
}

function summary(config: Config, file = 'The environment'): string {
  const counts = (['models', 'sources', 'pipelines'] as const).map((kind) => {
    const count = Object.keys(config[kind]).length;
    return `${count} ${count === 1 ? kind.slice(0, -1) : kind}`;
  });
  return `${file} is right: ${counts.join(', ')}.`;
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
