/** The bodies of TUF metadata as they are signed (The Update Framework, 1.0.33, section 4). */
interface Body<T extends string> {
  readonly _type: T;
  readonly spec_version: string;
  readonly version: number;
  /** ISO 8601 in UTC, whole seconds. */
  readonly expires: string;
}

export interface KeyBody {
  readonly keytype: 'ed25519';
  readonly scheme: 'ed25519';
  /** 64 hexadecimal digits. */
  readonly keyval: { readonly public: string };
}

/** Who may sign for a role, and how many of them must. */
export interface Signers {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

export type Keys = Readonly<Record<string, KeyBody>>;

export interface RootBody extends Body<'root'> {
  readonly consistent_snapshot: true;
  readonly keys: Keys;
  readonly roles: Readonly<Record<TopRole, Signers>>;
}

interface Delegation extends Signers {
  readonly name: string;
  readonly terminating: boolean;
  readonly paths: readonly string[];
}

export interface TargetsBody extends Body<'targets'> {
  readonly targets: Readonly<Record<string, TargetBody>>;
  readonly delegations?: { readonly keys: Keys; readonly roles: readonly Delegation[] };
}

interface TargetBody {
  readonly length: number;
  readonly hashes: Readonly<Record<string, string>>;
  readonly custom: Readonly<Record<string, unknown>>;
}

export interface MetaBody {
  readonly version: number;
  readonly length: number;
  readonly hashes: { readonly sha256: string };
}

export interface SnapshotBody extends Body<'snapshot'> {
  readonly meta: Readonly<Record<string, MetaBody>>;
}

export interface TimestampBody extends Body<'timestamp'> {
  readonly meta: { readonly 'snapshot.json': MetaBody };
}

export const topRoles = ['root', 'targets', 'snapshot', 'timestamp'] as const;
export type TopRole = (typeof topRoles)[number];

export type AnyBody = RootBody | TargetsBody | SnapshotBody | TimestampBody;

/** What this version of the specification is called in metadata. */
export const specVersion = '1.0.31';

/** A body with its signatures, as the very bytes that were or will be published. */
export interface Signed<B extends AnyBody> {
  readonly body: B;
  readonly bytes: Buffer;
}
