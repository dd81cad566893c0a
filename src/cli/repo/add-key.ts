import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { GatewayError } from '../../errors.ts';
import type { Holder } from '../../training/release/signers.ts';
import { addSigningOptions, keyCount, repositoryOf, type SigningOptions } from './options.ts';

interface Options extends SigningOptions {
  readonly role?: 'root' | 'targets' | 'snapshot' | 'timestamp';
  readonly model?: string;
  readonly threshold?: number;
  readonly publicKey?: string;
}

export function addKeyCommand(): Command {
  const command = new Command('add-key')
    .description('let one more key sign: for a model, or for the repository itself')
    .argument('<folder>', 'the repository')
    .option('-m, --model <name>', 'the key releases this model, and nothing else')
    .addOption(
      new Option('-r, --role <role>', 'the key signs for the repository').choices([
        'root',
        'targets',
        'snapshot',
        'timestamp',
      ]),
    )
    .option('--threshold <number>', 'how many of its keys must sign from now on', keyCount)
    .option('--public-key <file>', 'PEM; someone else keeps the private key. Default: one is made');
  return addSigningOptions(command)
    .addHelpText(
      'after',
      `
A model's first key needs the keys of targets; a key of the repository needs those of root, the old and the
new: together they sign the next root, which gateways follow by themselves.

Examples:
  edgeward repo add-key repo --model digits
  edgeward repo add-key repo --role timestamp        then revoke the old one: that rotates it`,
    )
    .action(async (folder: string, options: Options) => {
      const [{ addKey }, { decodePublicKey }] = await Promise.all([
        import('../../training/release/add-key.ts'),
        import('../../training/release/key.ts'),
      ]);
      const { publicKey: file, threshold } = options;
      const holder = holderOf(options);
      const key = file === undefined ? undefined : decodePublicKey(await readFile(file, 'utf8'), file);
      const id = await addKey(await repositoryOf(folder, options), {
        holder,
        ...(threshold === undefined ? {} : { threshold }),
        ...(key === undefined ? {} : { key }),
      });
      const what = 'role' in holder ? `role ${holder.role}` : `model ${holder.model}`;
      process.stdout.write(`Key ${id.slice(0, 8)} signs for ${what}.\n`);
    });
}

function holderOf({ role, model }: Options): Holder {
  const isName = model !== undefined && /^[a-z0-9][a-z0-9-]{0,63}$/.test(model);
  if (role !== undefined && model === undefined) return { role };
  if (role === undefined && isName) return { model };
  const received = [role, model].filter((each) => each !== undefined).join(' and ') || 'neither';
  throw new GatewayError(
    'REQUEST_INVALID',
    `Expected --role or the --model of a bundle for the key but received ${received}`,
  );
}
