import parseVersion from 'semver/functions/parse.js';

/**
 * Where things are in a repository, relative to its URL. Consistent snapshots of TUF: a file never changes
 * under its name, except `timestamp.json` (The Update Framework, 1.0.33, section 6.2).
 */
export const timestampPath = 'metadata/timestamp.json';

export function metadataPath(role: string, version: number): string {
  return `metadata/${version}.${role}.json`;
}

/** `digest` as `sha256:…`. */
export function targetFilePath(targetPath: string, digest: string): string {
  const slash = targetPath.lastIndexOf('/') + 1;
  const hex = digest.slice('sha256:'.length);
  return `targets/${targetPath.slice(0, slash)}${hex}.${targetPath.slice(slash)}`;
}

/**
 * The role that signs the releases of one model. Not `models/<name>`: a slash in the name of a role becomes
 * `%2F` in a URL, which static servers and object stores take for a folder, or not, as they please.
 */
export function roleOf(model: string): string {
  return `model-${model}`;
}

/** What the role of a model may sign: one level, that model's own. */
export function targetPatternOf(model: string): string {
  return `${model}/*`;
}

export function targetPathOf(model: string, version: string): string {
  return `${model}/${model}-${version}.bundle`;
}

/** The version that `path` is of, or undefined if it is no release of `model`. */
export function versionOf(model: string, path: string): string | undefined {
  const [before, after] = [targetPathOf(model, ''), '.bundle'];
  const prefix = before.slice(0, -after.length);
  if (!path.startsWith(prefix) || !path.endsWith(after)) return undefined;
  const version = path.slice(prefix.length, -after.length);
  const parsed = parseVersion(version);
  const build = parsed?.build.length ? `+${parsed.build.join('.')}` : '';
  return parsed !== null && `${parsed.version}${build}` === version ? version : undefined;
}
