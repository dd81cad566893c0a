/** Writes the pictures of examples/digits: `npx tsx scripts/example-digits.ts`. */
import { writeFile } from 'node:fs/promises';
import { npmDigits, pngOf } from './npm-digits.ts';

const folder = new URL('../examples/digits/', import.meta.url);
const each = 10;

const digits = npmDigits();
for (let label = 0; label < 10; label++) {
  const first = digits.labels.indexOf(label);
  for (let n = 0; n < each; n++) {
    await writeFile(new URL(`${label}-${n}.png`, folder), await pngOf(digits, first + n));
  }
}
