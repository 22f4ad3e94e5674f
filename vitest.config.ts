// Three projects: tests that need no server, tests on a real PostgreSQL (`*.db.test.ts`), and tests on the whole real stack.
import { defineConfig } from 'vitest/config';
import { SweepLast } from './test/setup/sweep-last.ts';

const WHOLE_STACK = 'test/{contract,e2e,faults}/**/*.test.ts';
const DATABASE = 'test/**/*.db.test.ts';

export default defineConfig({
  test: {
    sequence: { sequencer: SweepLast },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [DATABASE, WHOLE_STACK],
        },
      },
      {
        test: {
          name: 'postgres',
          include: [DATABASE],
          globalSetup: 'test/setup/postgres.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: [WHOLE_STACK],
          globalSetup: 'test/setup/stack.ts',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
