import { readFile } from 'node:fs/promises';
import { Command } from 'commander';
import { whyUnreadable } from '../config/files.ts';
import { GatewayError } from '../errors.ts';
import { sniffFormat } from '../image.ts';
import { addBrokerOptions, type BrokerOptions, connectBroker } from './broker.ts';
import { interruptSignal } from './interrupt.ts';
import type { Answer } from './model-request.ts';
import { count } from './numbers.ts';

interface Options extends BrokerOptions {
  readonly base: string;
  readonly gateway?: string;
  readonly pipeline?: string;
  readonly json?: boolean;
}

interface EnrollOptions extends Options {
  readonly source?: string;
  readonly track?: number;
}

/** Pictures of one request; a packet of MQTT has its limits. */
const picturesARequest = 4;
const timeoutMs = 60_000;

export function personCommand(): Command {
  return new Command('person')
    .description('the people whom a running gateway knows by their faces')
    .addCommand(enrollCommand())
    .addCommand(
      common(new Command('list').description('who is known')).action((options: Options) =>
        ask([['person/list', {}]], options, ({ data }) => printPeople(data.people)),
      ),
    )
    .addCommand(
      common(new Command('rename').description('give somebody another name'))
        .argument('<name>')
        .argument('<to>')
        .action((name: string, to: string, options: Options) =>
          ask([['person/rename', { name, to }]], options, () => print(`${name} is ${to} now`)),
        ),
    )
    .addCommand(
      common(new Command('delete').alias('forget').description('forget somebody: name, numbers and pictures'))
        .argument('<name>')
        .action((name: string, options: Options) =>
          ask([['person/delete', { name }]], options, () => print(`${name} is forgotten`)),
        ),
    );
}

function enrollCommand(): Command {
  return common(new Command('enroll').description('let the gateway know somebody, or know somebody better'))
    .argument('<name>', 'somebody new, or somebody who is known already')
    .argument('[files...]', 'JPEG, PNG or WebP, each with the face of this person as the greatest')
    .option('-s, --source <name>', 'instead of files: the camera that has just seen this person')
    .option(
      '-t, --track <n>',
      'and the number that it gave the person, as results and pictures show it',
      count,
    )
    .addHelpText(
      'after',
      `
Three pictures or more, from the front and a little from each side, in the light of the camera, serve best.
The pictures stay on the gateway, readable for its user alone, and are gone with \`edgeward person delete\`.

Examples:
  edgeward person enroll Anna anna-1.jpg anna-2.jpg anna-3.jpg
  edgeward person enroll Anna --source door --track 17
  edgeward person delete Anna`,
    )
    .action(async (name: string, files: string[], options: EnrollOptions) => {
      const { source, track } = options;
      if ((source === undefined) !== (track === undefined)) {
        throw new GatewayError('REQUEST_INVALID', 'Expected --source and --track together but received one');
      }
      const bodies =
        source === undefined || track === undefined ? await picturesOf(files) : [{ source, track }];
      if (bodies.length === 0) {
        throw new GatewayError(
          'REQUEST_INVALID',
          'Expected pictures, or --source and --track, but received neither',
        );
      }
      const requests = bodies.map((body) => ['person/enroll', { name, ...body }] as const);
      await ask(requests, options, ({ data }) => printEnrolled(data));
    });
}

async function picturesOf(files: readonly string[]): Promise<{ pictures: string[] }[]> {
  const all = await Promise.all(files.map(pictureOf));
  return Array.from({ length: Math.ceil(all.length / picturesARequest) }, (_, i) => ({
    pictures: all.slice(i * picturesARequest, (i + 1) * picturesARequest),
  }));
}

/** In base64. @throws REQUEST_INVALID naming the file: the gateway that refuses it later does not know its name. */
async function pictureOf(file: string): Promise<string> {
  const refused = (received: string) =>
    new GatewayError('REQUEST_INVALID', `Expected a JPEG, PNG or WebP for ${file} but received ${received}`);
  const data = await readFile(file).catch((cause) => {
    throw refused(whyUnreadable(cause));
  });
  if (!sniffFormat(data)) throw refused('other bytes');
  return data.toString('base64');
}

function common(command: Command): Command {
  return addBrokerOptions(command)
    .option('--base <topic>', 'first level of the topics', 'edgeward')
    .option('-g, --gateway <id>', 'default: the one that is online')
    .option('-p, --pipeline <name>', 'default: the first that knows people')
    .option('--json', 'print every answer as a line of JSON');
}

type Requests = readonly (readonly [command: string, body: Readonly<Record<string, unknown>>])[];

/** One after another. */
async function ask(requests: Requests, options: Options, show: (answer: Answer) => void): Promise<void> {
  const { findGateway, request } = await import('./model-request.ts');
  const { base, pipeline, json = false } = options;
  const { client } = await connectBroker(options);
  const signal = interruptSignal();
  try {
    const gateway = options.gateway ?? (await findGateway(client, base));
    for (const [command, body] of requests) {
      await request({
        client,
        base,
        gateway,
        command,
        body: { ...body, ...(pipeline === undefined ? {} : { pipeline }) },
        isLast: () => true,
        onAnswer: json ? (answer) => print(JSON.stringify(answer)) : show,
        timeoutMs,
        signal,
      });
    }
  } finally {
    await client.close();
  }
}

function printEnrolled({ name, pictures, taken, refused }: Answer['data']): void {
  const without = Array.isArray(refused) ? refused.length : 0;
  print(`${name}: ${taken} taken${without > 0 ? `, ${without} without a face` : ''}; ${pictures} in all`);
}

function printPeople(people: unknown): void {
  const known = Array.isArray(people) ? people : [];
  if (known.length === 0) print('nobody yet');
  for (const { name, pictures } of known) print(`${name}  ${pictures} pictures`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
