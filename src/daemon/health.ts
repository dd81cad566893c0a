import type { UplinkHealth } from '../bus/uplink.ts';
import type { ModelHost } from '../models/host.ts';
import type { Workload } from './workload.ts';

/** What `/healthz`, `/readyz`, the watchdog and `request/health` tell, each as much as it needs. */
export interface Health {
  /** The gateway does its work: no model has frames waiting that it does not get to. */
  readonly alive: boolean;
  /** The broker is there and every model and pipeline runs. */
  readonly ready: boolean;
  /** Why not, for people. */
  readonly reasons: readonly string[];
  readonly version: string;
  readonly uptimeS: number;
  readonly bus: { readonly connected: boolean };
  /** Of the second broker, where there is one. The gateway is ready without it. */
  readonly uplink?: UplinkHealth;
  readonly models: Readonly<Record<string, object>>;
  readonly pipelines: Readonly<Record<string, object>>;
  readonly sources: Readonly<Record<string, object>>;
}

/**
 * A model that has work and finishes none of it for longer than this many of its deadlines is stuck in a way that
 * restarting its process does not mend.
 */
const patience = 3;

export function healthOf(options: {
  workload: Workload | undefined;
  connected: boolean;
  uplink?: UplinkHealth | undefined;
  sources: Readonly<Record<string, object>>;
  version: string;
  uptimeMs: number;
}): Health {
  const { workload, connected, uplink, sources, version, uptimeMs } = options;
  const stuck = [...(workload?.models ?? [])].flatMap(([name, { stalledMs }]) => {
    const deadline = (workload?.config.models[name]?.timeoutMs ?? 0) * patience;
    return stalledMs > deadline ? [`model ${name} has had no progress for ${Math.round(stalledMs)} ms`] : [];
  });
  const absent = [
    ...(connected ? [] : ['the broker is away']),
    ...(workload ? [] : ['models are loading']),
    ...[...(workload?.failures ?? [])].map(([part, error]) => `${part}: ${error.code}: ${error.message}`),
    ...[...(workload?.models ?? [])].flatMap(([name, { state }]) =>
      state === 'READY' || workload?.failures.has(`models.${name}`) ? [] : [`model ${name} is ${state}`],
    ),
  ];
  return {
    alive: stuck.length === 0,
    ready: stuck.length === 0 && absent.length === 0,
    reasons: [...stuck, ...absent],
    version,
    uptimeS: Math.round(uptimeMs / 1000),
    bus: { connected },
    ...(uplink && { uplink }),
    models: Object.fromEntries(
      [...(workload?.models ?? [])].map(([name, host]) => [name, modelHealth(host)]),
    ),
    pipelines: Object.fromEntries(pipelineHealth(workload)),
    sources,
  };
}

function modelHealth(host: ModelHost): object {
  const { state, ref, processes, queueLength } = host;
  return { state, ...(ref ? { version: ref.version, digest: ref.digest } : {}), processes, queueLength };
}

function pipelineHealth(workload: Workload | undefined): [string, object][] {
  return Object.keys(workload?.config.pipelines ?? {}).map((name) => {
    const error = workload?.failures.get(`pipelines.${name}`);
    return [
      name,
      error ? { state: 'disabled', code: error.code, error: error.message } : { state: 'running' },
    ];
  });
}
