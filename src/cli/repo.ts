import { Command } from 'commander';
import { addKeyCommand } from './repo/add-key.ts';
import { initCommand } from './repo/init.ts';
import { refreshCommand } from './repo/refresh.ts';
import { releaseCommand } from './repo/release.ts';
import { revokeCommand } from './repo/revoke.ts';
import { serveCommand } from './repo/serve.ts';

export function repoCommand(): Command {
  return new Command('repo')
    .description('release models to gateways: a signed repository (TUF) of plain files')
    .addCommand(initCommand())
    .addCommand(addKeyCommand())
    .addCommand(releaseCommand())
    .addCommand(revokeCommand())
    .addCommand(refreshCommand())
    .addCommand(serveCommand());
}
