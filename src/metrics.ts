import { Counter, Gauge, Histogram, Registry } from 'prom-client';

const milliseconds = [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];

/** Every measurement of a gateway, under the names that `/metrics` shows. Times are in milliseconds. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    /** outcome: `ok`, `dropped`, or the code of an error. */
    frames: new Counter({
      name: 'edgeward_frames_total',
      help: 'Frames by pipeline and outcome',
      labelNames: ['source', 'pipeline', 'outcome'] as const,
      registers,
    }),
    rejected: new Counter({
      name: 'edgeward_rejected_total',
      help: 'Messages that never became a frame, by error code',
      labelNames: ['source', 'code'] as const,
      registers,
    }),
    leaks: new Counter({
      name: 'edgeward_pipeline_leaks_total',
      help: 'Promises and timers of a plug-in that failed where nobody caught it',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    latency: new Histogram({
      name: 'edgeward_frame_latency_ms',
      help: 'From the arrival of a frame to the accepted result',
      labelNames: ['pipeline'] as const,
      buckets: milliseconds,
      registers,
    }),
    waiting: new Gauge({
      name: 'edgeward_frames_waiting',
      help: 'Frames that wait in a mailbox',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    batchSize: new Histogram({
      name: 'edgeward_model_batch_size',
      help: 'Inputs a run of the net',
      labelNames: ['model'] as const,
      buckets: [1, 2, 4, 8, 16, 32, 64],
      registers,
    }),
    queueTime: new Histogram({
      name: 'edgeward_model_queue_ms',
      help: 'From infer() to the start of its batch',
      labelNames: ['model'] as const,
      buckets: milliseconds,
      registers,
    }),
    decodeTime: new Histogram({
      name: 'edgeward_model_decode_ms',
      help: 'Decoding and resizing of a batch',
      labelNames: ['model'] as const,
      buckets: milliseconds,
      registers,
    }),
    inferTime: new Histogram({
      name: 'edgeward_model_infer_ms',
      help: 'A run of the net on a batch',
      labelNames: ['model'] as const,
      buckets: milliseconds,
      registers,
    }),
    queueLength: new Gauge({
      name: 'edgeward_model_queue_length',
      help: 'Inputs that wait for a batch',
      labelNames: ['model'] as const,
      registers,
    }),
    childRestarts: new Counter({
      name: 'edgeward_model_restarts_total',
      help: 'Model processes started again, by cause',
      labelNames: ['model', 'cause'] as const,
      registers,
    }),
    /** outcome: `swapped`, `rolled_back` or `rejected`. */
    modelUpdates: new Counter({
      name: 'edgeward_model_updates_total',
      help: 'Versions that were put in charge, sent back or turned away',
      labelNames: ['model', 'outcome'] as const,
      registers,
    }),
    samplesKept: new Counter({
      name: 'edgeward_samples_kept_total',
      help: 'Frames that were kept for the next training',
      labelNames: ['pipeline'] as const,
      registers,
    }),
    /** reason: `room`, `rate`, `queue-full`, `too-large`, `disk` or `bus`. */
    samplesDropped: new Counter({
      name: 'edgeward_samples_dropped_total',
      help: 'Samples that were not kept, not published, or went to make room, by reason',
      labelNames: ['reason'] as const,
      registers,
    }),
    busConnected: new Gauge({
      name: 'edgeward_bus_connected',
      help: '1 while the broker takes what is published',
      registers,
    }),
    published: new Counter({
      name: 'edgeward_bus_published_total',
      help: 'Messages published, by outcome',
      labelNames: ['outcome'] as const,
      registers,
    }),
    /** reason: `credentials`, `rules`, `taken`, `full` or `packet-size`. */
    busRefused: new Counter({
      name: 'edgeward_bus_refused_total',
      help: 'Clients and messages that the embedded broker refused, by reason',
      labelNames: ['reason'] as const,
      registers,
    }),
    /** reason: `slow-consumer`, `queue-full`, `unclaimed` or `flood`. */
    busDropped: new Counter({
      name: 'edgeward_bus_dropped_total',
      help: 'Messages that were dropped because a queue was full or nobody took them, by reason',
      labelNames: ['reason'] as const,
      registers,
    }),
    uplinkConnected: new Gauge({
      name: 'edgeward_uplink_connected',
      help: '1 while the second broker takes what is forwarded to it',
      registers,
    }),
    uplinkPublished: new Counter({
      name: 'edgeward_uplink_published_total',
      help: 'Messages forwarded to the second broker, by outcome',
      labelNames: ['outcome'] as const,
      registers,
    }),
    /** reason: `queue-full`, `stale`, `disk` or `refused`. */
    uplinkDropped: new Counter({
      name: 'edgeward_uplink_dropped_total',
      help: 'Messages that never reached the second broker, by reason',
      labelNames: ['reason'] as const,
      registers,
    }),
    uplinkWaiting: new Gauge({
      name: 'edgeward_uplink_waiting_bytes',
      help: 'What waits on disk for the second broker',
      registers,
    }),
    eventLoopDelay: new Gauge({
      name: 'edgeward_event_loop_delay_ms',
      help: 'Delay of the event loop of the daemon since the last scrape',
      labelNames: ['quantile'] as const,
      registers,
    }),
    residentMemory: new Gauge({
      name: 'edgeward_resident_memory_bytes',
      help: 'Resident memory of a process',
      labelNames: ['process'] as const,
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
