import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { digitsYaml, temporaryFolder } from './support/gateway.ts';
import { startProgram } from './support/program.ts';

const env = async () => ({
  EDGEWARD_LOG_FORMAT: 'pretty',
  EDGEWARD_GATEWAY_STATE_DIR: join(await temporaryFolder(), 'state'),
});

async function configOf(yaml: string): Promise<string> {
  const file = join(await temporaryFolder(), 'edgeward.yaml');
  await writeFile(file, yaml);
  return file;
}

async function untilStarted({ stderr }: ReturnType<typeof startProgram>['child']): Promise<void> {
  let log = '';
  stderr.on('data', (text) => {
    log += text;
  });
  await expect.poll(() => log, { timeout: 20_000 }).toContain('Gateway started');
}

it('tells people what keeps a gateway from starting with its code, and not where in the program', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const file = await configOf(digitsYaml.replace('port: 0', `port: ${port}`));
  const { code, stderr } = await startProgram(['run', '-c', file], { env: await env() }).ended();
  expect(code).toBe(1);
  expect(stderr).toMatch(/Expected a free port \d+ on 127\.0\.0\.1 .*\(BUS_LISTEN_FAILED\)/);
  expect(stderr).not.toMatch(/^\s+at /m);
});

it('shows the author of a plug-in where it failed', async () => {
  const file = await configOf(`${digitsYaml}  broken: { use: ./broken.mjs }\n`);
  await writeFile(join(dirname(file), 'broken.mjs'), "throw new TypeError('oops');\n");
  const program = startProgram(['run', '-c', file], { env: await env() });
  await untilStarted(program.child);
  program.child.kill('SIGTERM');
  expect((await program.ended()).stderr).toMatch(/oops[\s\S]*\/broken\.mjs:1:\d+$/m);
});

it('takes a signal that comes twice at once for one, and ends in order', async () => {
  const program = startProgram(['run', '-c', await configOf(digitsYaml)], { env: await env() });
  await untilStarted(program.child);
  program.child.kill('SIGTERM');
  await delay(10);
  program.child.kill('SIGTERM');
  const { code, stderr } = await program.ended();
  expect(code).toBe(0);
  expect(stderr).toMatch(/INFO.*: Stopping/);
  expect(stderr).toContain('Gateway stopped');
});
