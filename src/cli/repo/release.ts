import { Command, Option } from 'commander';
import { addSigningOptions, repositoryOf, type SigningOptions } from './options.ts';

interface Options extends SigningOptions {
  readonly channel: 'stable' | 'beta';
  readonly notes?: string;
  readonly minEdgeward?: string;
}

export function releaseCommand(): Command {
  const command = new Command('release')
    .description('offer a bundle to gateways')
    .argument('<folder>', 'the repository')
    .argument('<bundle>', 'the file; its name and version are those of its manifest')
    .addOption(
      new Option('--channel <channel>', 'who sees it: all, or those who asked for beta')
        .choices(['stable', 'beta'])
        .default('stable'),
    )
    .option('--notes <text>', 'what is new, for people')
    .option('--min-edgeward <version>', 'the least version of edgeward that can run it');
  return addSigningOptions(command)
    .addHelpText(
      'after',
      `
Every digest of the bundle is checked before it is signed. The same bundle may be released again, to move it
from beta to stable.

Example:
  edgeward repo release repo digits-1.1.0.bundle --channel beta --notes "More sevens"`,
    )
    .action(async (folder: string, bundle: string, options: Options) => {
      const { addRelease } = await import('../../training/release/add-release.ts');
      const { channel, notes, minEdgeward } = options;
      const { model, version, digest } = await addRelease(await repositoryOf(folder, options), {
        bundle,
        channel,
        ...(notes === undefined ? {} : { notes }),
        ...(minEdgeward === undefined ? {} : { minEdgeward }),
      });
      process.stdout.write(`Released ${model} ${version} (${channel}), ${digest}.\n`);
    });
}
