import { describe, expect, it } from 'vitest';
import { digitsRepository, shipped } from '../daemon/updates/fixtures.ts';
import { digitsYaml, startGateway } from '../support/gateway.ts';
import { runProgram } from '../support/program.ts';

describe('edgeward model', () => {
  it('lists, updates, pins and sends back the models of a running gateway', async () => {
    const repository = await digitsRepository();
    await repository.release('9.0.0');
    const { url } = await startGateway(digitsYaml + repository.yaml());
    const model = (...args: string[]) => runProgram(['model', ...args, '--broker', url]);

    const before = await model('list');
    expect(before.stdout).toMatch(/^model +version +latest/);
    expect(before.stdout.split('\n')[1]?.split(/ +/)).toEqual(['digits', shipped, shipped, '-', 'idle', '-']);

    const updated = await model('update', 'digits', '--probation', '1');
    expect(updated.stdout.split('\n')).toEqual(
      expect.arrayContaining(['accepted 9.0.0', 'proving 9.0.0', 'probation 9.0.0', 'done 9.0.0']),
    );
    expect(updated.code).toBe(0);

    const pinned = await model('pin', 'digits');
    expect(pinned.stdout).toBe('digits 9.0.0 is pinned\n');
    const refused = await model('rollback', 'digits');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('(UPDATE_PINNED)') });
    await model('pin', 'digits', '--off');
    expect(await model('rollback', 'digits')).toMatchObject({ code: 0, stdout: `done ${shipped}\n` });

    const again = await model('update', 'digits', '--gateway', 'gw', '--json');
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('(UPDATE_REFUSED)') });
    const listed = await model('list', '--json');
    expect(JSON.parse(listed.stdout).data.models[0]).toMatchObject({ refused: [{ version: '9.0.0' }] });
  });

  it('says which gateway it does not find', async () => {
    const { url } = await startGateway();
    const nobody = await runProgram(['model', 'list', '--broker', url, '--base', 'elsewhere']);
    expect(nobody.stderr).toBe(
      'edgeward: Expected one gateway that is online, or --gateway, but received none (REQUEST_FAILED)\n',
    );
  });
});
