import { Command } from 'commander';
import { addSigningOptions, keyCount, keysOf, type SigningOptions } from './options.ts';

interface Options extends SigningOptions {
  readonly rootKeys: number;
  readonly rootThreshold: number;
  readonly targetsKeys: number;
  readonly targetsThreshold: number;
}

export function initCommand(): Command {
  const command = new Command('init')
    .description('make an empty repository and its keys')
    .argument('<folder>', 'what a web server will hand out; nothing secret goes there')
    .option('--root-keys <number>', 'keys of root, which names all others', keyCount, 1)
    .option('--root-threshold <number>', 'how many of them must sign', keyCount, 1)
    .option('--targets-keys <number>', 'keys of targets, which says who releases which model', keyCount, 1)
    .option('--targets-threshold <number>', 'how many of them must sign', keyCount, 1);
  return addSigningOptions(command)
    .addHelpText(
      'after',
      `
The keys of root and targets are encrypted; move them off this computer when it is done. Those of snapshot
and timestamp are not: they sign unattended, and can at most hold updates back. \`root.json\` beside the keys is
what gateways are born with.

Examples:
  edgeward repo init repo
  edgeward repo init repo --keys /media/safe --root-keys 3 --root-threshold 2`,
    )
    .action(async (folder: string, options: Options) => {
      const { initRepository } = await import('../../training/release/init.ts');
      const [keysFolder] = options.keys;
      await initRepository({
        folder,
        keys: await keysOf(options),
        keysFolder,
        onlineDays: options.days,
        root: { keys: options.rootKeys, threshold: options.rootThreshold },
        targets: { keys: options.targetsKeys, threshold: options.targetsThreshold },
      });
      process.stdout.write(
        `${folder} is a repository without releases; it expires in ${options.days} days unless it is refreshed.\n` +
          `Its keys, and root.json for gateways, are in ${keysFolder}.\n` +
          `Next: edgeward repo add-key ${folder} --model NAME\n`,
      );
    });
}
