import { styleText } from 'node:util';
import { Command } from 'commander';
import type { Finding } from './doctor/finding.ts';

interface Options {
  readonly config?: string;
  readonly json?: boolean;
}

const colours = { ok: 'green', warn: 'yellow', fail: 'red' } as const;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('find out what is wrong, and how to mend it')
    .option(
      '-c, --config <file>',
      'YAML file; without it only this computer and the built-in models are checked',
    )
    .option('--json', 'print {ok, findings} for programs')
    .addHelpText(
      'after',
      `
Checks the configuration, the code of pipelines, the disk, the ports or the broker, every model with its
golden samples in a process of its own, and what this computer has: processor, memory, cores, Node.js.
Run it as the user that the gateway runs as, or it may see other permissions.

Exit codes:
  0  nothing keeps the gateway from its work; warnings may stand
  1  something does

Examples:
  edgeward doctor
  edgeward doctor --config /etc/edgeward/edgeward.yaml`,
    )
    .action(run);
}

async function run({ config: file, json = false }: Options): Promise<void> {
  const findings: Finding[] = [];
  const add = (found: readonly Finding[]) => {
    findings.push(...found);
    if (!json) for (const finding of found) process.stdout.write(`${describe(finding)}\n`);
  };
  for await (const found of examine(file)) add(found);
  const ok = findings.every(({ status }) => status !== 'fail');
  process.stdout.write(json ? `${JSON.stringify({ ok, findings })}\n` : `\n${conclusion(findings)}\n`);
  process.exitCode = ok ? 0 : 1;
}

/** In the order in which one thing needs another. */
async function* examine(file: string | undefined): AsyncGenerator<readonly Finding[]> {
  const { checkMachine } = await import('./doctor/machine.ts');
  const { checkModels } = await import('./doctor/models.ts');
  if (file === undefined) {
    yield await checkMachine(undefined);
    yield await checkModels(undefined);
    return;
  }
  const { checkConfiguration } = await import('./doctor/configuration.ts');
  const { config, findings } = await checkConfiguration(file, process.env);
  yield findings;
  yield await checkMachine(config);
  if (!config) return;
  const { checkSurroundings } = await import('./doctor/surroundings.ts');
  yield await checkSurroundings(config);
  yield await checkModels(config);
}

function describe({ what, status, text, advice }: Finding): string {
  const word = status.padEnd(4);
  const painted =
    process.stdout.isTTY && !process.env.NO_COLOR
      ? styleText(colours[status], word, { validateStream: false })
      : word;
  const line = `${painted}  ${what.padEnd(16)}  ${text}`;
  return advice === undefined ? line : `${line}\n${' '.repeat(6)}${advice}`;
}

function conclusion(findings: readonly Finding[]): string {
  const count = (wanted: Finding['status']) => findings.filter(({ status }) => status === wanted).length;
  if (count('fail') > 0) return `${count('fail')} of ${findings.length} checks failed.`;
  return count('warn') > 0 ? `No check failed, ${count('warn')} warned.` : 'All is well.';
}
