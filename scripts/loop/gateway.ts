import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { createTopics } from '../../src/bus/topics.ts';
import { startGateway } from '../../src/cli/demo/gateway-process.ts';

export const group = 'line';
export const source = 'desk';
export const frames = `cameras/${source}/frame`;
export const topics = createTopics({ base: 'edgeward', gateway: 'loop' });

/** A gateway without any model: it has the address of a repository, and its root of trust. */
export async function startEmptyGateway(home: string, url: string) {
  const config = join(home, 'edgeward.yaml');
  const configuration = {
    gateway: { id: topics.gateway },
    bus: { embedded: { host: '127.0.0.1' } },
    updates: { url, root: 'keys/root.json', intervalS: null, groups: [group] },
    models: {
      digits: {
        bundle: null,
        update: {
          // A version that is better says otherwise wherever the one before was wrong.
          shadow: { cpu: 1, minAgreement: 0.75, maxDrift: 0.25 },
          probation: { seconds: 5 },
        },
      },
    },
    sources: { cameras: { topic: 'cameras/{source}/frame' } },
    pipelines: { digits: { use: 'classify', models: { classifier: 'digits' }, mailbox: 'every' } },
  };
  await writeFile(config, stringify(configuration));
  return startGateway({ stateDir: join(home, 'state'), config });
}
