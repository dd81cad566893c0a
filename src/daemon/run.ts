import { setFlagsFromString } from 'node:v8';
import { loadConfig } from '../config/load.ts';
import { asGatewayError } from '../errors.ts';
import { createLog } from '../log.ts';
import { onStopSignals } from '../stop-signals.ts';
import { version } from '../version.ts';
import { Gateway } from './gateway.ts';
import { Notifier } from './notify.ts';
import { watchStrayErrors } from './stray-errors.ts';

/**
 * How much the heap may grow, in percent of what is alive, until all of it is collected. V8 counts the bytes of Buffers
 * too, and left to itself takes a heap as small as ours for full after 8 MB of frames: a third of the daemon's time went
 * into collecting.
 */
const heapGrowth = '--heap-growing-percent=200';

/** What shells make of SIGINT: 128 and its number. */
const exitInterrupted = 130;

/**
 * Runs the gateway of a configuration file until a signal ends it, and returns the exit code.
 * @throws CONFIG_INVALID
 */
export async function runGateway(configFile: string): Promise<number> {
  setFlagsFromString(heapGrowth);
  const reload = () => loadConfig({ file: configFile, env: process.env });
  const config = reload();
  const log = await createLog(config.log);
  watchStrayErrors(log);
  const gateway = new Gateway({ config, configFile, reload, version, log });
  const notifier = new Notifier({ env: process.env, healthy: () => gateway.health().alive, log });
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolve) => {
    onStopSignals(
      (signal) => {
        log.info({ signal }, 'Stopping');
        stopping.abort();
        resolve();
      },
      () => process.exit(exitInterrupted),
    );
  });
  process.on('SIGHUP', () => {
    notifier.reloading();
    gateway
      .reload()
      .catch((error) => log.error({ err: error }, 'Configuration not reloaded'))
      .finally(() => notifier.ready());
  });

  try {
    await gateway.start(stopping.signal);
    await notifier.start();
    notifier.ready();
    await stopped;
    return 0;
  } catch (error) {
    if (stopping.signal.aborted) return 0;
    if (asGatewayError(error, 'STOPPED').code === 'CONFIG_INVALID') throw error;
    log.fatal({ err: error }, 'Gateway did not start');
    return 1;
  } finally {
    notifier.stopping();
    await gateway.stop();
    await notifier.stop();
  }
}
