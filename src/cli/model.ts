import { userInfo } from 'node:os';
import { Command } from 'commander';
import { addBrokerOptions, type BrokerOptions, connectBroker } from './broker.ts';
import { interruptSignal } from './interrupt.ts';
import type { Answer } from './model-request.ts';
import { countOrNone } from './numbers.ts';

interface Options extends BrokerOptions {
  readonly base: string;
  readonly gateway?: string;
  readonly json?: boolean;
}

interface UpdateOptions extends Options {
  readonly to?: string;
  readonly channel?: string;
  readonly from?: string;
  readonly notBefore?: string;
  readonly shadow?: number;
  readonly probation?: number;
  readonly retry?: boolean;
  readonly wait: boolean;
}

const timeoutMs = 60_000;

export function modelCommand(): Command {
  return new Command('model')
    .description('see, update, send back and pin the models of a running gateway')
    .addCommand(listCommand())
    .addCommand(updateCommand())
    .addCommand(rollbackCommand())
    .addCommand(pinCommand());
}

function listCommand(): Command {
  return common(new Command('list').description('models with their versions')).action((options: Options) =>
    ask('model/list', {}, options, ({ data }) => printTable(data.models)),
  );
}

function updateCommand(): Command {
  return common(new Command('update').description('put a newer, signed version in charge'))
    .argument('<model>', 'entry of `models` in the configuration of the gateway')
    .option('--to <version>', 'exactly this one; default: the newest of the channel')
    .option('--channel <channel>', 'stable or beta')
    .option('--from <path>', 'a repository in a folder of the gateway, as on a stick, or a bundle in one')
    .option('--not-before <date>', 'ISO 8601')
    .option('--shadow <frames>', 'live frames that it judges first beside the version in charge', countOrNone)
    .option('--probation <seconds>', 'how long it is watched afterwards', countOrNone)
    .option('--retry', 'also a version that has disappointed before')
    .option('--no-wait', 'end when the update is accepted')
    .addHelpText(
      'after',
      `
Whoever may publish on the bus can start an update, and only to a version that is signed and newer.

Examples:
  edgeward model update digits
  edgeward model update digits --to 2.1.0 --shadow 200 --probation 600
  edgeward model update digits --from /media/usb`,
    )
    .action((model: string, options: UpdateOptions) => {
      const { to: version, channel, from, notBefore, shadow, probation, retry, wait } = options;
      const body = {
        model,
        version,
        channel,
        from,
        notBefore,
        retry,
        ...(shadow === undefined ? {} : { shadow: { frames: shadow } }),
        ...(probation === undefined ? {} : { probation: { seconds: probation } }),
      };
      return ask('model/update', body, options, printProgress, (answer) => !wait || isDone(answer));
    });
}

function rollbackCommand(): Command {
  return common(new Command('rollback').description('put the version before in charge again'))
    .argument('<model>', 'entry of `models` in the configuration of the gateway')
    .action((model: string, options: Options) => ask('model/rollback', { model }, options, printProgress));
}

function pinCommand(): Command {
  return common(new Command('pin').description('keep the present version, whatever is offered'))
    .argument('<model>', 'entry of `models` in the configuration of the gateway')
    .option('--off', 'take updates again')
    .action((model: string, { off = false, ...options }: Options & { off?: boolean }) =>
      ask('model/pin', { model, pinned: !off }, options, ({ data }) =>
        print(`${model} ${data.version} is ${off ? 'not pinned any more' : 'pinned'}`),
      ),
    );
}

function common(command: Command): Command {
  return addBrokerOptions(command)
    .option('--base <topic>', 'first level of the topics', 'edgeward')
    .option('-g, --gateway <id>', 'default: the one that is online')
    .option('--json', 'print every answer as a line of JSON');
}

async function ask(
  command: string,
  body: Readonly<Record<string, unknown>>,
  options: Options,
  show: (answer: Answer) => void,
  isLast: (answer: Answer) => boolean = () => true,
): Promise<void> {
  const { findGateway, request } = await import('./model-request.ts');
  const { base, json = false } = options;
  const { client } = await connectBroker(options);
  try {
    const gateway = options.gateway ?? (await findGateway(client, base));
    await request({
      client,
      base,
      gateway,
      command,
      body: { ...body, ...(command === 'model/list' ? {} : { by: userInfo().username }) },
      isLast,
      onAnswer: json ? (answer) => print(JSON.stringify(answer)) : show,
      timeoutMs,
      signal: interruptSignal(),
    });
  } finally {
    await client.close();
  }
}

function isDone({ data }: Answer): boolean {
  return data.state === 'done';
}

function printProgress({ data }: Answer): void {
  const { state, phase, version, share } = data;
  const percent = typeof share === 'number' && share > 0 ? ` ${Math.round(share * 100)} %` : '';
  print([phase ?? state, version].filter(Boolean).join(' ') + percent);
}

function printTable(models: unknown): void {
  const rows = [
    ['model', 'version', 'latest', 'before', 'state', 'refused'],
    ...(Array.isArray(models) ? models : []).map((each) => [
      each.model,
      each.installed_version ?? '-',
      each.latest_version ?? '-',
      each.previous_version ?? '-',
      each.pinned ? 'pinned' : each.phase,
      each.refused.map(({ version }: { version: string }) => version).join(', ') || '-',
    ]),
  ].map((row) => row.map(String));
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  for (const row of rows)
    print(
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
