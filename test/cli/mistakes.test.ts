import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../bus/fixtures.ts';
import { runProgram } from '../support/program.ts';

describe('a mistake on the command line is told in one line with a code', () => {
  it.each<[string, string[], string]>([
    [
      'an option that there is none of',
      ['bench', '--rat', '3'],
      "unknown option '--rat' (Did you mean --rate?)",
    ],
    ['an option that is missing', ['repo', 'release'], "missing required argument 'folder'"],
    [
      'a value that makes no sense',
      ['bench', '--size', '3'],
      "option '-s, --size <WxH>' argument '3' is invalid. Expected WIDTHxHEIGHT of 16 to 8192 pixels each.",
    ],
    [
      'a rate at which nothing comes',
      ['demo', '--rate', '0', '--count', '1'],
      "option '--rate <number>' argument '0' is invalid. Expected a number above 0.",
    ],
    [
      'a number that is none',
      ['demo', '--rate', '8', '--count', 'few'],
      "option '--count <number>' argument 'few' is invalid. Expected a whole number above 0.",
    ],
    [
      'a bundle that is not there',
      ['bench', '--model', '/nowhere/a.bundle'],
      'Expected a readable file for /nowhere/a.bundle but received no such file',
    ],
    [
      'a picture that is not there',
      ['person', 'enroll', 'Anna', '/nowhere/a.jpg'],
      'Expected a JPEG, PNG or WebP for /nowhere/a.jpg but received no such file',
    ],
    [
      'a folder that is not there',
      ['fit', 'defect', '--good', '/nowhere', '--out', '/nowhere/a.bundle'],
      'Expected a folder of pictures for /nowhere but received no such file',
    ],
    [
      'a repository that is not there',
      ['repo', 'serve', '/nowhere'],
      'Expected a repository at /nowhere but received no such file at metadata/timestamp.json',
    ],
    [
      'half of what names a person',
      ['person', 'enroll', 'Anna', '--source', 'door'],
      'Expected --source and --track together but received one',
    ],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await runProgram(args);
    expect(stderr.replace(/ \([A-Z_]+\)\n$/, '')).toBe(`edgeward: ${message}`);
    expect(stderr).toMatch(/^edgeward: [^\n]+ \([A-Z_]+\)\n$/);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('a file among several that is no picture', async () => {
    const file = join(await temporaryFolder(), 'anna.jpg');
    await writeFile(file, 'some words');
    const { stderr } = await runProgram(['person', 'enroll', 'Anna', file]);
    expect(stderr).toBe(
      `edgeward: Expected a JPEG, PNG or WebP for ${file} but received other bytes (REQUEST_INVALID)\n`,
    );
  });
});
