import { readFileSync } from 'node:fs';

/** The version in package.json: the same file from `src/` and from `dist/`. */
export const version: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version;
