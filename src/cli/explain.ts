import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Command } from 'commander';
import type { Explanation } from '../daemon/explain/explain.ts';
import { GatewayError } from '../errors.ts';

interface Options {
  readonly config: string;
  readonly topic?: string;
  readonly json?: boolean;
}

export function explainCommand(): Command {
  return new Command('explain')
    .description('decide about a frame again, with the versions of models that a result names')
    .argument('<result>', 'file with the message of a result topic, or - for standard input')
    .argument('<frame>', 'file with the bytes of the frame, as they were sent or out of their envelope')
    .requiredOption('-c, --config <file>', 'YAML file of the gateway')
    .option('--topic <topic>', 'that the frame came on, where channels of `sensor` have topics of their own')
    .option('--json', 'print one line of JSON')
    .addHelpText(
      'after',
      `
The bundles are found by their digests: in the store of the gateway, in its configuration, or among the built-in
ones. The pipeline runs with the options of the configuration as it is now. What a pipeline made of earlier frames
(tracks, counts, baselines) cannot be reproduced from one frame; what its models say can.

Exit codes:
  0   the same decision
  1   an error: BUNDLE_GONE where a version is no longer there
  2   another decision; the differences are printed

Example:
  mosquitto_sub -t 'edgeward/gw/door/parts/result' -C 1 > result.json
  edgeward explain result.json part-4711.jpg --config /etc/edgeward/edgeward.yaml`,
    )
    .action(run);
}

async function run(result: string, frame: string, options: Options): Promise<void> {
  const { config: configFile, topic, json } = options;
  const [{ explain }, { parseRecorded }, { loadConfig }, { createLog }] = await Promise.all([
    import('../daemon/explain/explain.ts'),
    import('../daemon/explain/recorded.ts'),
    import('../config/load.ts'),
    import('../log.ts'),
  ]);
  const recorded = parseRecorded((await read(result)).toString());
  const explanation = await explain({
    config: loadConfig({ file: configFile, env: process.env }),
    configFile: resolve(configFile),
    recorded,
    payload: await read(frame),
    topic,
    log: await createLog({ level: 'error', format: 'auto' }),
  });
  process.stdout.write(json ? `${JSON.stringify(explanation)}\n` : describe(explanation));
  if (!explanation.same) process.exitCode = 2;
}

function read(path: string): Promise<Buffer> {
  if (path === '-') return buffer(process.stdin);
  return readFile(path).catch((cause) => {
    throw new GatewayError('REQUEST_INVALID', `Expected a file but received ${path}`, { cause });
  });
}

function describe({ frame, pipeline, models, result, same, differences, stateful }: Explanation): string {
  const lines = [
    `${pipeline} on frame ${frame.id} of ${frame.source}`,
    ...models.map(({ name, version, digest }) => `  ${name} ${version} ${digest}`),
    JSON.stringify(result, undefined, 2),
    same ? 'The same decision as recorded.' : 'Another decision than recorded:',
    ...differences.map(
      (each) => `  ${each.path}: ${JSON.stringify(each.recorded)}, now ${JSON.stringify(each.now)}`,
    ),
    ...(stateful && !same ? ['This pipeline remembers earlier frames, and they are not here.'] : []),
  ];
  return `${lines.join('\n')}\n`;
}
