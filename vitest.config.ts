// Four projects: tests that need no server, tests on a real PostgreSQL (`*.db.test.ts`), and on the whole real stack those of
// what the bridge does, and those in which something fails. `npm test` runs them side by side (test/all.ts).
import { defineConfig } from 'vitest/config';
import { FileOrder } from './test/setup/file-order.ts';

const WHOLE_STACK = 'test/{contract,e2e,faults}/**/*.test.ts';
const DATABASE = 'test/**/*.db.test.ts';
/** Of tests that wait more than they work. */
const ONE_PER_CORE = '100%';
const ON_THE_STACK = {
  globalSetup: 'test/setup/stack.ts',
  // One process for all files, one after another: a bridge can go on from file to file (test/e2e/bridges.ts).
  isolate: false,
  fileParallelism: false,
  testTimeout: 180_000,
  hookTimeout: 180_000,
} as const;

export default defineConfig({
  test: {
    sequence: { sequencer: FileOrder },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [DATABASE, WHOLE_STACK],
          // The source has no state of its own, so that files can share what they import.
          isolate: false,
          maxWorkers: ONE_PER_CORE,
          // The machine may be busy with other work. What has to be quick says so itself, by the time of the processor.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'postgres',
          include: [DATABASE],
          globalSetup: 'test/setup/postgres.ts',
          maxWorkers: ONE_PER_CORE,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          ...ON_THE_STACK,
          name: 'e2e',
          include: ['test/{contract,e2e}/**/*.test.ts'],
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...ON_THE_STACK,
          name: 'faults',
          // The sweep looks at what the files of the same stack left behind.
          include: ['test/faults/**/*.test.ts', 'test/e2e/privacy.test.ts'],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
