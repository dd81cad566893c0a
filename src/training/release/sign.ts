import { Metadata, MetadataKind, Signature } from '@tufjs/models';
import type { SigningKey } from './key.ts';
import type { AnyBody, RootBody, Signed, TargetsBody } from './metadata.ts';

/** @throws TypeError or ValueError of @tufjs/models if the body is not as TUF wants it. */
export function sign<B extends AnyBody>(body: B, keys: readonly SigningKey[]): Signed<B> {
  const metadata = parsed({ signed: body, signatures: [] });
  for (const key of keys) {
    metadata.sign((data) => new Signature({ keyID: key.id, sig: key.sign(data) }));
  }
  return { body, bytes: Buffer.from(`${JSON.stringify(metadata.toJSON(), null, 1)}\n`) };
}

/** Metadata as it was published. Nothing is verified yet. */
export function unverified<B extends AnyBody>(bytes: Buffer): Signed<B> {
  const json = JSON.parse(bytes.toString('utf8'));
  parsed(json);
  return { body: json.signed, bytes };
}

/** Whether as many of the keys that `delegator` names for `role` have signed as it demands. */
export function isSigned(
  delegator: RootBody | TargetsBody,
  role: string,
  { bytes }: Signed<AnyBody>,
): boolean {
  try {
    parsed({ signed: delegator, signatures: [] }).verifyDelegate(
      role,
      parsed(JSON.parse(bytes.toString('utf8'))),
    );
    return true;
  } catch {
    return false;
  }
}

function parsed(json: { readonly signed: AnyBody; readonly signatures: readonly unknown[] }) {
  type Json = Parameters<typeof Metadata.fromJSON>[1];
  const kinds = {
    root: MetadataKind.Root,
    targets: MetadataKind.Targets,
    snapshot: MetadataKind.Snapshot,
    timestamp: MetadataKind.Timestamp,
  };
  // Which of its overloads is meant is decided when it runs, by the same word.
  return Metadata.fromJSON(kinds[json.signed._type] as MetadataKind.Root, json as unknown as Json);
}
