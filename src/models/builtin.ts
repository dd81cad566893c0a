import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { GatewayError } from '../errors.ts';

const prefix = 'builtin:';

/** Both `src/models/` and `dist/models/` lie two levels under the root of the package. */
const folder = new URL('../../models/', import.meta.url);

/**
 * The file of a bundle as configurations name it: `builtin:NAME` is one that comes with edgeward, anything
 * else is a path.
 * @throws BUNDLE_INVALID if no built-in bundle has that name, MODEL_UNAVAILABLE for none.
 */
export function resolveBundle(spec: string | null): string {
  if (spec === null) {
    throw new GatewayError(
      'MODEL_UNAVAILABLE',
      'Expected a bundle but received none: it has to come by an update',
    );
  }
  if (!spec.startsWith(prefix)) return spec;
  const name = spec.slice(prefix.length);
  const file = new URL(`${name}/${name}.bundle`, folder);
  if (/^[a-z0-9-]+$/.test(name) && existsSync(file)) return fileURLToPath(file);
  throw new GatewayError(
    'BUNDLE_INVALID',
    `Expected one of ${builtins().join(', ') || 'no built-in bundles'} for ${prefix}NAME but received ${JSON.stringify(name)} (in a checkout, \`npm run models\` makes the others)`,
  );
}

/** Names of the bundles that come with edgeward. */
export function builtins(): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => existsSync(new URL(`${name}/${name}.bundle`, folder)));
}
