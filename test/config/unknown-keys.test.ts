import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { isLeaf } from '../../src/config/convict.ts';
import type { Schema } from '../../src/config/convict-schema.ts';
import { isMapping } from '../../src/config/format.ts';
import { formatOf } from '../../src/config/native-formats.ts';
import { schema } from '../../src/config/schema.ts';
import { problemsIn, scratchFolder } from './scratch.ts';

const { write } = scratchFolder();

/** A configuration in which every section and one entry of every map is there, and nothing is wrong. */
const whole = {
  gateway: {},
  topics: {},
  bus: { tls: {}, reconnect: {}, embedded: { tls: {}, users: { camera: {} } } },
  homeAssistant: {},
  http: {},
  log: {},
  limits: {},
  models: { digits: { bundle: 'builtin:digits' } },
  sources: { desk: { topic: 'desk/frame' } },
  pipelines: { judge: { use: 'classify', models: { classifier: 'digits' } } },
};

/** Every place of the schema that has names of its own: sections, and entries of maps by the names above. */
function places(section: Schema, at: readonly string[], value: unknown): string[][] {
  const inside = Object.entries(section).flatMap(([key, node]) => {
    const child = isMapping(value) ? value[key] : undefined;
    if (!isLeaf(node)) return places(node, [...at, key], child);
    const { entries } = formatOf(node);
    if (!entries || !isMapping(child)) return [];
    return Object.keys(child).flatMap((name) => places(entries.schema, [...at, key, name], child[name]));
  });
  return [[...at], ...inside];
}

function insert(tree: unknown, [step, ...rest]: readonly string[], key: string, value: unknown): unknown {
  const here = isMapping(tree) ? tree : {};
  return step === undefined
    ? { ...here, [key]: value }
    : { ...here, [step]: insert(here[step], rest, key, value) };
}

describe('keys that the schema does not know', () => {
  const all = places(schema, [], whole);
  const base = problemsIn(write('whole.yaml', stringify(whole)));
  const known = new Set(JSON.stringify(Object.entries(schema)).match(/\w+/g));

  it('are looked for everywhere', () => {
    expect(all.map((at) => at.join('.'))).toEqual(
      expect.arrayContaining([
        '',
        'bus.embedded.tls',
        'bus.embedded.users.camera',
        'models.digits',
        'pipelines.judge',
      ]),
    );
    // A user who can neither send a password nor a certificate is the one thing wrong with it.
    expect(base.map(({ path }) => path)).toEqual(['bus.embedded.users.camera.passwordHash']);
  });

  it('are reported at any depth, with their path and line, and nothing else is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...all),
        fc
          .stringMatching(/^[A-Za-z_-][A-Za-z0-9_-]{0,11}$/)
          .filter((key) => !known.has(key) && key !== '__proto__'),
        fc.jsonValue(),
        (at, key, value) => {
          // Names of maps are free: there it would be one more entry.
          fc.pre(!['models', 'sources', 'pipelines', 'users'].includes(at.at(-1) ?? ''));
          const text = stringify(insert(whole, at, key, value));
          const problems = problemsIn(write('unknown.yaml', text)).filter(
            ({ expected }) => expected === 'a known key',
          );
          const path = [...at, key].join('.');
          const line = problems[0]?.line ?? 0;
          expect(problems.map((problem) => problem.path)).toEqual([path]);
          expect(text.split('\n')[line - 1]).toMatch(new RegExp(`^\\s*['"]?${key}['"]?:`));
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each([
    ['htpp', 'did you mean http?'],
    ['Pipelines', 'did you mean pipelines?'],
    ['model', 'did you mean models?'],
    [
      'cameras',
      'known here: gateway, topics, bus, uplink, homeAssistant, http, log, limits, updates, samples, models, sources, pipelines',
    ],
  ])('%s: %s', (key, hint) => {
    expect(problemsIn(write('slip.yaml', `${key}: {}`))).toMatchObject([{ path: key, hint }]);
  });
});
