import type { GatewayError } from '../../errors.ts';
import type { Metrics } from '../../metrics.ts';
import type { ModelRef } from '../../models/model.ts';
import type { AuditLog } from './audit-log.ts';

export type ModelEvent = 'swapped' | 'rolled_back' | 'rejected';

export interface JournalOptions {
  readonly model: string;
  readonly audit: AuditLog;
  readonly metrics: Metrics;
  /** Tells the bus; never retained. */
  readonly publish: (event: Readonly<Record<string, unknown>> & { readonly type: ModelEvent }) => void;
}

/** Tells those who want to know what happens to one model: the audit log, the bus, the metrics. */
export function journalOf({ model, audit, metrics, publish }: JournalOptions) {
  const write = (what: string, details: Readonly<Record<string, unknown>>) =>
    audit.write({ model, what, ...details });
  const happened = (type: ModelEvent, details: Readonly<Record<string, unknown>>) => {
    metrics.modelUpdates.inc({ model, outcome: type });
    publish({ type, model, ...details, at: new Date().toISOString() });
    write(type, details);
  };
  return {
    write,
    swapped: (from: ModelRef | undefined, to: ModelRef, details: Readonly<Record<string, unknown>>) =>
      happened('swapped', { ...between(from, to), ...details }),
    rolledBack: (
      from: ModelRef | undefined,
      to: ModelRef,
      { by, error }: { by: string; error: GatewayError },
    ) => happened('rolled_back', { ...between(from, to), by, code: error.code, reason: error.message }),
    rejected: (error: GatewayError, details: Readonly<Record<string, unknown>>) =>
      happened('rejected', {
        ...details,
        code: error.code,
        reason: error.message,
        ...(error.details ? { details: error.details } : {}),
      }),
  };
}

export type Journal = ReturnType<typeof journalOf>;

function between(from: ModelRef | undefined, to: ModelRef) {
  return {
    from: from?.version ?? null,
    fromDigest: from?.digest ?? null,
    version: to.version,
    digest: to.digest,
  };
}
