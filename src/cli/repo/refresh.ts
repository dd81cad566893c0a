import { Command } from 'commander';
import { addSigningOptions, repositoryOf, type SigningOptions } from './options.ts';

/** Days before its expiry from which a role is pointed out. */
const soonDays = 30;

export function refreshCommand(): Command {
  const command = new Command('refresh')
    .description('sign anew before it expires; to be run every day')
    .argument('<folder>', 'the repository')
    .option('--renew <role...>', 'offline roles to sign for another year too: root, targets, model-NAME', []);
  return addSigningOptions(command)
    .addHelpText(
      'after',
      `
Needs the keys of snapshot and timestamp, and of what is renewed. Gateways refuse a repository that has
expired: it may be an old one that somebody holds out to them.

Examples:
  edgeward repo refresh repo --keys online-keys
  edgeward repo refresh stick --days 60               before a stick goes on a journey
  edgeward repo refresh repo --renew root targets`,
    )
    .action(async (folder: string, options: SigningOptions & { readonly renew: readonly string[] }) => {
      const { refreshRepository } = await import('../../training/release/refresh-repository.ts');
      const expiries = await refreshRepository(await repositoryOf(folder, options), options.renew);
      const soon = Date.now() + soonDays * 86_400_000;
      for (const { role, expires } of expiries) {
        const isOffline = role !== 'snapshot' && role !== 'timestamp';
        const hint = isOffline && Date.parse(expires) < soon ? `  renew it: --renew ${role}` : '';
        process.stdout.write(`${role.padEnd(20)} expires ${expires}${hint}\n`);
      }
    });
}
