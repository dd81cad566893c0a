/** Every topic name that edgeward publishes or subscribes to, in one place. */
export type Topics = ReturnType<typeof createTopics>;

export function createTopics({ base, gateway }: { base: string; gateway: string }) {
  const root = `${base}/${gateway}`;
  return {
    base,
    gateway,
    root,
    /** `online` or `offline`; retained, and the will. */
    status: `${root}/status`,
    // A source must not have the name of a level below: see `sourceName` of the configuration.
    /** JSON a frame; never retained. */
    result: (source: string, pipeline: string) => `${root}/${source}/${pipeline}/result`,
    /** What is true now; retained. */
    state: (source: string, pipeline: string) => `${root}/${source}/${pipeline}/state`,
    /** What just happened; never retained. */
    event: (source: string, pipeline: string) => `${root}/${source}/${pipeline}/event`,
    /** An annotated JPEG; never retained. */
    image: (source: string, pipeline: string) => `${root}/${source}/${pipeline}/image`,
    /** Why a frame was not judged; never retained. */
    error: (source: string) => `${root}/${source}/error`,
    /** `online` or `offline`: whether the source sends; retained. */
    availability: (source: string) => `${root}/${source}/availability`,
    /** As the `update` entity of Home Assistant reads it; retained. */
    modelState: (model: string) => `${root}/models/${model}/state`,
    /** Whether a message of ours on this topic is retained: what is true, and not what happens. */
    isRetained: (topic: string) =>
      topic.startsWith(`${root}/`) && /\/(status|state|availability)$/.test(topic),
    /** `swapped`, `rolled_back` or `rejected`; never retained. */
    modelEvent: (model: string) => `${root}/models/${model}/event`,
    /** A frame that was kept for the next training, as JSON; never retained. */
    sample: (pipeline: string) => `${root}/samples/${pipeline}`,
    request: (command: string) => `${root}/request/${command}`,
    response: (command: string) => `${root}/response/${command}`,
    /** The filter of all requests. */
    requests: `${root}/request/#`,
    /** The command that a request's topic names. */
    commandOf: (topic: string) =>
      topic.startsWith(`${root}/request/`) ? topic.slice(root.length + '/request/'.length) : undefined,
    /** A request to every gateway of a group. */
    fleetRequest: (group: string, command: string) => `${base}/fleet/${group}/request/${command}`,
  };
}
