import { describe } from 'vitest';
import { startEmbedded, startExternal } from './fixtures.ts';
import { startMosquitto, withoutMosquitto } from './mosquitto.ts';
import { behavesLikeABus } from './suite.ts';

describe('the embedded bus, in memory', () => {
  behavesLikeABus(() => startEmbedded());
});

describe('an external bus on an embedded broker', () => {
  behavesLikeABus(async () => {
    const { url } = await startEmbedded();
    return { ...(await startExternal(url)), url };
  });
});

describe.skipIf(withoutMosquitto)(
  `an external bus on mosquitto${withoutMosquitto ? `: ${withoutMosquitto}` : ''}`,
  () => {
    describe.each(['3.1.1', '5'] as const)('MQTT %s', (protocol) => {
      behavesLikeABus(async () => {
        const { url } = await startMosquitto();
        return { ...(await startExternal(url, { protocol })), url };
      });
    });
  },
);
