import { expect, it } from 'vitest';
import { Sources } from '../../src/daemon/sources.ts';
import { silent } from '../support/silent.ts';

it('knows every source that the configuration names, and bounds those that topics bring to life', () => {
  const known: string[] = [];
  const sources = new Sources({
    max: 2,
    onAppear: (source) => known.push(source),
    onAvailability() {},
    log: silent,
  });
  const config = { topics: [], qos: 0, contentType: null, offlineAfterS: 5 } as const;
  const named = ['door', 'yard', 'gate'].map((name) => ({
    name,
    config: { ...config, topic: `${name}/frame` },
    runners: [],
  }));
  sources.configure([
    ...named,
    { name: 'others', config: { ...config, topic: '{source}/frame' }, runners: [] },
  ]);
  expect(known).toEqual(['door', 'yard', 'gate']);
  expect(() => sources.noteFrame('stranger', 'others', 0)).toThrow('at most 2 sources');
});
