import { once } from 'node:events';
import { Command } from 'commander';
import { within } from '../numbers.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('hand a repository out over HTTP, to try it')
    .argument('<folder>', 'the repository')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', '0: any free one', within(0, 65_535), 8080)
    .addHelpText(
      'after',
      `
A plain server of static files: what is signed needs no trust in who hands it out. In production any web
server or object store does the same, over HTTPS.

Example:
  edgeward repo serve repo --port 8080`,
    )
    .action(async (folder: string, { host, port }: { readonly host: string; readonly port: number }) => {
      const [{ serveRepository }, { interruptSignal }] = await Promise.all([
        import('../../training/release/serve.ts'),
        import('../interrupt.ts'),
      ]);
      const server = await serveRepository({
        folder,
        host,
        port,
        onAnswer: ({ path, status }) => process.stderr.write(`${status} ${path}\n`),
      });
      process.stdout.write(`Repository at ${server.url}\n`);
      const interrupted = interruptSignal();
      if (!interrupted.aborted) await once(interrupted, 'abort');
      await server.close();
    });
}
