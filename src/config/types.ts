/**
 * The shape of a checked configuration. Defaults, formats and their documentation stand in the schema
 * beside this file and nowhere else.
 */
export interface Config {
  readonly gateway: GatewayConfig;
  readonly topics: { readonly base: string };
  readonly bus: BusConfig;
  readonly uplink: UplinkConfig;
  readonly homeAssistant: { readonly enabled: boolean; readonly prefix: string };
  readonly http: HttpConfig;
  readonly log: { readonly level: LogLevel; readonly format: 'auto' | 'json' | 'pretty' };
  readonly limits: LimitsConfig;
  readonly updates: UpdatesConfig;
  readonly samples: SamplesConfig;
  readonly models: Readonly<Record<string, ModelConfig>>;
  readonly sources: Readonly<Record<string, SourceConfig>>;
  readonly pipelines: Readonly<Record<string, PipelineConfig>>;
}

interface HttpConfig {
  readonly enabled: boolean;
  readonly host: string;
  readonly port: number;
  /** `null`: whoever reaches the port may read. */
  readonly token: string | null;
}

type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

interface GatewayConfig {
  /** Second level of every topic, `[A-Za-z0-9_-]{1,64}`; the host's name where it is not given. */
  readonly id: string;
  readonly name: string;
  /** Where the broker's store and the models live. `$STATE_DIRECTORY` under systemd. */
  readonly stateDir: string;
}

/** How to be a client of a broker elsewhere. */
export interface RemoteConfig {
  readonly protocol: '3.1.1' | '5';
  /** `null`: `edgeward-<gateway id>`. */
  readonly clientId: string | null;
  readonly username: string | null;
  readonly password: string | null;
  readonly tls: {
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly verify: boolean;
  };
  readonly keepaliveS: number;
  readonly reconnect: { readonly minMs: number; readonly maxMs: number };
}

export interface BusConfig extends RemoteConfig {
  /** `mqtt`, `mqtts`, `ws` or `wss`. `null`: the embedded broker. */
  readonly url: string | null;
  /** Group of gateways that share the frames of an external broker. */
  readonly share: string | null;
  /** A message that waits for a broker that is away; the oldest QoS 0 ones go first. */
  readonly maxQueued: number;
  readonly maxPacketBytes: number;
  readonly embedded: EmbeddedConfig;
}

/** A second broker: what goes up to it and what may come down. `{gateway}` stands for `<base>/<gateway id>`. */
export interface UplinkConfig extends RemoteConfig {
  /** `null`: there is none. */
  readonly url: string | null;
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly queue: { readonly maxBytes: number; readonly maxAgeS: number | null };
}

export interface EmbeddedConfig {
  readonly host: string;
  /** `null`: no plain listener. 0: any free port. */
  readonly port: number | null;
  /** MQTT over WebSocket. */
  readonly websocketPort: number | null;
  readonly tls: {
    readonly port: number | null;
    readonly cert: string | null;
    readonly key: string | null;
    /** Certificates of the authorities whose client certificates are accepted. */
    readonly clientCa: string | null;
  };
  /** Let anyone in, also from other machines. */
  readonly anonymous: boolean;
  readonly maxClients: number;
  /** Retained messages, sessions and queues survive a restart. */
  readonly persist: boolean;
  readonly users: Readonly<Record<string, UserConfig>>;
}

export interface UserConfig {
  /** As `edgeward config hash-password` prints it; `null`: only with a client certificate of that common name. */
  readonly passwordHash: string | null;
  /** Topic filters; `{user}` stands for the name. */
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

interface LimitsConfig {
  /** Width times height of the largest picture that is decoded. */
  readonly maxPixels: number;
  /** Sources that topic patterns may bring to life. */
  readonly maxSources: number;
  /** Error messages published a minute and source; the rest is only counted. */
  readonly errorsPerMinute: number;
}

export interface UpdatesConfig {
  /** Of the repository: `http:`, `https:` or `file:`. */
  readonly url: string | null;
  /** Path of the `root.json` that is trusted at first. */
  readonly root: string | null;
  /** `null`: it is not asked unless somebody says so. */
  readonly intervalS: number | null;
  readonly groups: readonly string[];
  /** Requests may name repositories in these. */
  readonly folders: readonly string[];
  readonly maxBytes: number;
  readonly bytesPerSecond: number | null;
  readonly storeBytes: number;
}

/** Frames that are kept for the next training. */
export interface SamplesConfig {
  readonly enabled: boolean;
  readonly maxBytes: number;
  readonly maxCount: number;
  /** Corrections are not counted. */
  readonly perMinute: number;
  /** Memory for the last frames, which may still be corrected. */
  readonly recentBytes: number;
  /** Publish them too, and forward them to the second broker. */
  readonly uplink: boolean;
}

export interface ModelConfig extends ServingConfig {
  readonly swap: 'overlap' | 'replace';
  readonly update: ModelUpdateConfig;
}

export interface ModelUpdateConfig {
  /** `null`: as its bundle says, else as its entry. */
  readonly name: string | null;
  readonly channel: 'stable' | 'beta';
  readonly automatic: boolean;
  readonly shadow: ShadowConfig;
  readonly probation: ProbationConfig;
}

/** When a version that runs beside the one in charge, on live frames, is good enough. */
export interface ShadowConfig {
  /** Frames that both judge; 0: no shadow run. */
  readonly frames: number;
  /** How long these frames may take to come, s. */
  readonly timeoutS: number;
  /** Share of one core that the candidate may take meanwhile. */
  readonly cpu: number;
  /** Least share of frames on which both agree. */
  readonly minAgreement: number;
  /** Greatest mean difference of their scores. */
  readonly maxDrift: number;
  /** How many times the time of the version in charge it may take. */
  readonly maxSlowdown: number;
}

/** When a version that was put in charge is sent back. */
export interface ProbationConfig {
  readonly seconds: number;
  /** Observations before a rate is judged. */
  readonly minFrames: number;
  /** Crashes and timeouts that are forgiven. */
  readonly maxCrashes: number;
  /** By how much the share of inputs that it fails on may be above that of the version before. */
  readonly maxErrorRise: number;
  /** How many times the time of the version before an input may take. */
  readonly maxSlowdown: number;
  /** By how much the share of frames with an alarm may differ from that of the version before. */
  readonly maxAlarmShift: number;
}

/** How a model is run, whichever version it is. */
export interface ServingConfig {
  /** Path of a bundle, or `builtin:NAME`; `null`: there is none before the first update. */
  readonly bundle: string | null;
  /** Processes that run this model; `null`: one a core. */
  readonly instances: number | null;
  /** Threads of the runtime in each process. */
  readonly threads: number;
  readonly maxBatch: number;
  readonly maxDelayMs: number;
  readonly timeoutMs: number;
  readonly maxQueue: number;
}

export interface SourceConfig {
  /** May name the source: `cameras/{source}/frame`; without it the source has the name of its entry. */
  readonly topic: string;
  /** More topics of the same sources: what a source says on any of them are frames of it. */
  readonly topics: readonly string[];
  readonly qos: 0 | 1 | 2;
  /** For senders that cannot say what they send: `image/jpeg`, `image/x-rgb; width=640; height=480`, … */
  readonly contentType: string | null;
  /** Silence after which the source counts as offline, s. */
  readonly offlineAfterS: number;
}

export interface PipelineConfig {
  /** A built-in (`classify`), a file (`./my-pipeline.js`) or an npm package. */
  readonly use: string;
  /** Entries of `sources`; `['*']` is all. */
  readonly sources: readonly string[];
  /** The model for each role that the pipeline names. */
  readonly models: Readonly<Record<string, string>>;
  /** `latest`: the newest frame wins. `every`: each is judged, and acknowledged after its result. `null`: see `use`. */
  readonly mailbox: 'latest' | 'every' | null;
  /** Frames of one source that are decided at once; `null`: as the mailbox needs. */
  readonly maxInFlight: number | null;
  readonly timeoutMs: number;
  /** Older frames are refused, ms; `null`: none is. */
  readonly maxAgeMs: number | null;
  readonly options: Readonly<Record<string, unknown>>;
}
