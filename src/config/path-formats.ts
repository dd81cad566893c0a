import { resolve } from 'node:path';
import { type Format, text, textLike } from './format.ts';

/** A file or folder; a relative one begins at the folder of the configuration file. */
export const path: Format<string> = {
  ...text,
  expected: 'a path',
  tidy: (value, folder) => (text.accepts(value) ? resolve(folder, value) : value),
};

const bundleText = textLike(
  'builtin:NAME or the path of a bundle',
  (value) =>
    value !== '' && (!value.startsWith('builtin:') || /^builtin:[a-z0-9][a-z0-9-]{0,63}$/.test(value)),
);

export const bundle: Format<string> = {
  ...bundleText,
  tidy: (value, folder) =>
    bundleText.accepts(value) && !value.startsWith('builtin:') ? resolve(folder, value) : value,
};

/** A file says so by its first characters, as it does in an `import`. */
const isFile = (value: string) => /^\.{0,2}\//.test(value);

const packageName = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*(\/[\w.-]+)*$/;

const moduleText = textLike(
  'a built-in pipeline, a file beginning with ./ or /, or an npm package',
  (value) => isFile(value) || packageName.test(value),
);

export const module: Format<string> = {
  ...moduleText,
  tidy: (value, folder) => (moduleText.accepts(value) && isFile(value) ? resolve(folder, value) : value),
};
