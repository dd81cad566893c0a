/**
 * Writes the pictures of examples/digits: `npx tsx scripts/example-digits.ts`; with a folder, all digits of the
 * package there: `npx tsx scripts/example-digits.ts FOLDER`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmDigits, pngOf } from './npm-digits.ts';

const [folder = fileURLToPath(new URL('../examples/digits/', import.meta.url))] = process.argv.slice(2);
const digits = npmDigits();
const each = process.argv.length > 2 ? digits.count : 10;

await mkdir(folder, { recursive: true });
for (let label = 0; label < 10; label++) {
  const first = digits.labels.indexOf(label);
  for (let n = 0; n < each && digits.labels[first + n] === label; n++) {
    await writeFile(join(folder, `${label}-${n}.png`), await pngOf(digits, first + n));
  }
}
