import { createHash } from 'node:crypto';

/**
 * The parts as one id of `[a-zA-Z0-9_-]`. Distinct parts give distinct ids: where joining alone could not
 * tell them apart, a digest of them follows.
 */
export function slug(...parts: string[]): string {
  const joined = parts.join('_');
  if (parts.every((part) => /^[a-zA-Z0-9-]+$/.test(part))) return joined;
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12);
  return `${joined.replace(/[^a-zA-Z0-9_-]/g, '-')}_${digest}`;
}
