import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/support/scratch-folder.ts',
    // Bounds for what hangs, far beyond what anything takes on a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    // Tests start real brokers and model processes: two files at a time is what a small machine bears.
    maxWorkers: 2,
    // The files of a worker share what it has loaded, which was a quarter of the time of the suite: a test undoes
    // what it does to its process.
    isolate: false,
  },
});
