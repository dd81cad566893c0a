import { onTestFinished } from 'vitest';
import { type DaemonOptions, DaemonProcess } from './daemon-process.ts';

/** The built program as a process of its own, gone when the test is over. */
export class Daemon extends DaemonProcess {
  constructor(options: DaemonOptions) {
    super(options);
    onTestFinished(async () => {
      await this.kill();
    });
  }
}
