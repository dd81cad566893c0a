import { Command } from 'commander';
import { GatewayError } from '../../errors.ts';
import { addSigningOptions, repositoryOf, type SigningOptions } from './options.ts';

export function revokeCommand(): Command {
  const command = new Command('revoke')
    .description('take back a release, or a key')
    .argument('<folder>', 'the repository')
    .argument('[release]', 'MODEL@VERSION')
    .option('--key <id>', 'the key, by the first 8 digits of its id or more');
  return addSigningOptions(command)
    .addHelpText(
      'after',
      `
A gateway that runs a release that was taken back goes on with it until another is offered. A key is taken
from every role that it signs for; its place must be filled first if too few would remain.

Examples:
  edgeward repo revoke repo digits@1.1.0
  edgeward repo revoke repo --key 3fa94c21`,
    )
    .action(
      async (
        folder: string,
        release: string | undefined,
        options: SigningOptions & { readonly key?: string },
      ) => {
        const { revokeKey, revokeRelease } = await import('../../training/release/revoke.ts');
        const [, model, version] = /^([^@]+)@(.+)$/.exec(release ?? '') ?? [];
        if (options.key !== undefined && release === undefined) {
          await revokeKey(await repositoryOf(folder, options), options.key);
          process.stdout.write(`Key ${options.key} signs for nothing any more.\n`);
        } else if (options.key === undefined && model !== undefined && version !== undefined) {
          await revokeRelease(await repositoryOf(folder, options), { model, version });
          process.stdout.write(`${model} ${version} is not offered any more.\n`);
        } else {
          const received = [release, options.key].filter((each) => each !== undefined).join(' and ');
          throw new GatewayError(
            'REQUEST_INVALID',
            `Expected MODEL@VERSION or --key for what to revoke but received ${received || 'neither'}`,
          );
        }
      },
    );
}
