import * as core from '@tensorflow/tfjs-core';
import { afterAll, beforeAll } from 'vitest';
import { type Backend, useBackend } from '../../src/tensorflow.ts';

/**
 * The tests of a file compute on this backend of TensorFlow.js, those after them on the one before: it is one of the
 * whole process, and training in plain JavaScript takes thirty times as long.
 */
export function computeOn(backend: Backend): void {
  let before: string | undefined;
  beforeAll(async () => {
    before = core.getBackend() || undefined;
    core.enableProdMode();
    await useBackend(core, backend);
  });
  afterAll(async () => {
    if (before !== undefined) await core.setBackend(before);
  });
}
