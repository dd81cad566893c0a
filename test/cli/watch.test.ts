import { describe, expect, it } from 'vitest';
import { WatchView } from '../../src/cli/watch-view.ts';
import { client, startEmbedded, until } from '../bus/fixtures.ts';
import { startProgram } from '../support/program.ts';

const at = new Date(2026, 0, 2, 3, 4, 5).getTime();

function result(overrides: object = {}): string {
  return JSON.stringify({
    frame: { id: '7-0001.png', source: 'desk', receivedAt: at },
    pipeline: 'digits',
    models: [{ name: 'digits', version: '1.0.0', digest: 'sha256:00' }],
    latencyMs: 3,
    result: { class: '7', score: 0.984 },
    ...overrides,
  });
}

function viewOf({ colour = false, columns = undefined as number | undefined } = {}) {
  const view = new WatchView({ colour, columns: () => columns });
  return { view, show: (text: string) => view.result(Buffer.from(text)) };
}

describe('the view of verdicts', () => {
  it('puts titles over the first line, each column as wide as what is in it', () => {
    const { show } = viewOf();
    expect(show(result())).toEqual([
      'TIME      SOURCE  PIPELINE  VERDICT   SCORE  LATENCY  MODEL         FRAME',
      '03:04:05  desk    digits    7        98.4 %     3 ms  digits 1.0.0  7-0001.png',
    ]);
    expect(show(result({ latencyMs: 120, result: { class: 'unsure', score: 0.4 } }))).toEqual([
      '03:04:05  desk    digits    unsure   40.0 %   120 ms  digits 1.0.0  7-0001.png',
    ]);
  });

  it('shows what a pipeline says that names no class, and why a frame has no verdict', () => {
    const { show } = viewOf();
    expect(show(result({ result: { count: 3 } }))[1]).toContain('  {"count":3}  ');
    const error = { code: 'FRAME_INVALID', message: 'Expected a whole JPEG' };
    expect(show(result({ result: undefined, error }))[0]).toContain('FRAME_INVALID: Expected a whole JPEG');
  });

  it('shows the errors of sources in their column', () => {
    const { view } = viewOf();
    const body = { code: 'FRAME_INVALID', message: 'Expected a picture', at: new Date(at).toISOString() };
    expect(view.error('edgeward/gw/door/error', Buffer.from(JSON.stringify(body)))).toEqual([
      '03:04:05  door              FRAME_INVALID: Expected a picture',
    ]);
  });

  it('sums up', () => {
    const { view, show } = viewOf();
    for (const latencyMs of [1, 2, 30]) show(result({ latencyMs }));
    view.error('edgeward/gw/door/error', Buffer.from('{}'));
    expect(view.summary()).toMatch(/^3 verdicts, 1 error, [\d.]+\/s, median 2 ms$/);
  });

  it('never writes past the edge of the terminal', () => {
    const { view, show } = viewOf({ columns: 40 });
    const lines = [
      ...show(result({ frame: { id: 'x'.repeat(100), source: 's'.repeat(64), receivedAt: at } })),
      ...view.error('edgeward/gw/door/error', Buffer.from(JSON.stringify({ message: 'y'.repeat(100) }))),
    ];
    expect(lines.map(({ length }) => length).filter((length) => length > 40)).toEqual([]);
  });

  it('colours the verdict, and lets nobody else drive the terminal', () => {
    const { show } = viewOf({ colour: true });
    const [, line = ''] = show(
      result({ result: { class: '\u001b[2Jboo', score: 1 }, frame: { id: '\u009b31m' } }),
    );
    expect(line).toContain('\u001b[32m?[2Jboo');
    expect(line).not.toContain('\u001b[2J');
    expect(line).not.toContain('\u009b');
  });

  it.each(['', 'not JSON', '7', 'null', '[]', '{"models":[null],"frame":"x","result":[],"error":1}'])(
    'survives %j',
    (text) => {
      const { show } = viewOf();
      expect(() => show(text)).not.toThrow();
    },
  );
});

describe('edgeward watch', () => {
  async function startWatch(...args: string[]) {
    const { bus, url, options } = await startEmbedded();
    const program = startProgram(['watch', '--broker', url, ...args]);
    const publish = (topic: string, body: string) => bus.publish(topic, body);
    /** Publishes until the program, which tells nobody when it has subscribed, has ended. */
    const publishUntilEnd = async (...messages: [string, string][]) => {
      let over = false;
      const ended = program.ended().finally(() => {
        over = true;
      });
      while (!over) {
        for (const [topic, body] of messages) await publish(topic, body);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return ended;
    };
    return { ...program, bus, url, options, publishUntilEnd };
  }

  it('shows as many verdicts as asked for, then the summary', async () => {
    const { publishUntilEnd } = await startWatch('--count', '3');
    const { code, stdout, stderr } = await publishUntilEnd(['edgeward/gw/desk/digits/result', result()]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[0]).toMatch(/^TIME/);
    expect(lines[1]).toMatch(/desk +digits +7 +98\.4 % +3 ms +digits 1\.0\.0 +7-0001\.png$/);
    expect(lines[4]).toMatch(/^3 verdicts/);
  });

  it('prints each verdict as it came for programs, of the source and pipeline asked for', async () => {
    const { publishUntilEnd } = await startWatch(
      '--json',
      '-n',
      '2',
      '--source',
      'door',
      '--pipeline',
      'digits',
    );
    const { stdout } = await publishUntilEnd(
      ['edgeward/gw/desk/digits/result', '{"from":"desk"}'],
      ['edgeward/gw/door/other/result', '{"from":"other"}'],
      ['edgeward/gw/door/digits/result', '{"from":"door"}'],
    );
    expect(stdout).toBe('{"from":"door"}\n{"from":"door"}\n');
  });

  it('ends in order when it is interrupted', async () => {
    const { child, ended, bus, url } = await startWatch();
    const seer = await client(url);
    const published = await new Promise((resolve) => {
      child.stdout.once('data', () => resolve(true));
      const timer = setInterval(() => void seer.publish('edgeward/gw/desk/digits/result', result()), 20);
      child.once('close', () => clearInterval(timer));
    });
    expect(published).toBe(true);
    child.kill('SIGINT');
    expect(await ended()).toMatchObject({ code: 0, stdout: expect.stringMatching(/verdicts?, [\d.]+\/s/) });
    await until(() => bus.connected);
  });

  it('fails when the broker goes away', async () => {
    const { child, ended, bus } = await startWatch();
    const timer = setInterval(
      () => void bus.publish('edgeward/gw/desk/digits/result', result()).catch(() => {}),
      20,
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    clearInterval(timer);
    await bus.stop();
    expect(await ended()).toMatchObject({ code: 1, stderr: expect.stringContaining('BUS_UNAVAILABLE') });
  });
});
