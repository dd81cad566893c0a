import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Sample, SampleWithPayload } from '../daemon/samples/sample.ts';
import { receiveCommand } from './samples/receive.ts';

interface Options {
  readonly config?: string;
  readonly state?: string;
  readonly pipeline?: string;
  readonly json?: boolean;
}

const privacy = `
Samples are pictures as they came, and may show people. Only the user that the gateway runs as can read them.`;

export function samplesCommand(): Command {
  return new Command('samples')
    .description('see and export the frames that a gateway kept for the next training')
    .addCommand(listCommand())
    .addCommand(exportCommand())
    .addCommand(receiveCommand());
}

function listCommand(): Command {
  return common(new Command('list').description('what is kept, oldest first'))
    .option('--json', 'print every sample as a line of JSON')
    .addHelpText('after', privacy)
    .action(async (options: Options) => {
      for await (const { sample } of await samplesOf(options)) {
        print(options.json ? JSON.stringify(sample) : lineOf(sample));
      }
    });
}

function exportCommand(): Command {
  return common(new Command('export').description('write a folder a label, as edgeward train reads it'))
    .requiredOption('-o, --out <folder>', 'where to; it must be empty or not exist')
    .option('--json', 'print the counts as a line of JSON')
    .addHelpText(
      'after',
      `${privacy}

Pictures with a label go to a folder of its name, others to unlabelled/: move them to where they belong.

Examples:
  edgeward samples export --config edgeward.yaml --out hard-cases
  edgeward train classify --data hard-cases --out runs/next`,
    )
    .action(async ({ out, ...options }: Options & { readonly out: string }) => {
      const { exportSamples } = await import('./samples/export-samples.ts');
      const counts = await exportSamples(await samplesOf(options), resolve(out));
      const { labelled, unlabelled } = counts;
      print(
        options.json
          ? JSON.stringify({ out, ...counts })
          : `${out}: ${labelled} with a label, ${unlabelled} without`,
      );
    });
}

function common(command: Command): Command {
  return command
    .option('-c, --config <file>', 'configuration of the gateway, which says where its state is')
    .option('-s, --state <folder>', 'its state directory instead')
    .option('-p, --pipeline <name>', 'only samples of this pipeline');
}

async function samplesOf({ config, state, pipeline }: Options): Promise<AsyncIterable<SampleWithPayload>> {
  const [{ loadConfig }, { samplesFolder }, { readSamples }] = await Promise.all([
    import('../config/load.ts'),
    import('../daemon/samples/sample-files.ts'),
    import('./samples/read-samples.ts'),
  ]);
  const stateDir = state ?? loadConfig({ file: config, env: process.env }).gateway.stateDir;
  const onDamaged = ({ message, code }: { message: string; code: string }) =>
    process.stderr.write(`edgeward: ${message} (${code})\n`);
  return ofPipeline(readSamples(samplesFolder({ stateDir }), onDamaged), pipeline);
}

async function* ofPipeline(
  samples: AsyncIterable<SampleWithPayload>,
  pipeline: string | undefined,
): AsyncGenerator<SampleWithPayload> {
  for await (const each of samples) {
    if (pipeline === undefined || each.sample.pipeline === pipeline) yield each;
  }
}

function lineOf({ id, at, source, pipeline, reason, label = '-', frame }: Sample): string {
  // The sender chose the id: it must not steer the terminal.
  const frameId = frame.id.replace(/\p{C}/gu, '?');
  return [at, id, `${source}/${pipeline}`, reason, label, frameId].join('  ');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
