// Three projects: pure tests, tests on a real PostgreSQL, and end-to-end tests on the whole real stack.
import { defineConfig } from 'vitest/config';
import { SweepLast } from './test/setup/sweep-last.ts';

export default defineConfig({
  test: {
    sequence: { sequencer: SweepLast },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/{mapping,config,unit,stack,pseudonyms}/**/*.test.ts', 'test/*.test.ts'],
        },
      },
      {
        test: {
          name: 'postgres',
          include: ['test/{inbox,store,flows,fhir,matrix,ops,identity}/**/*.test.ts'],
          globalSetup: 'test/setup/postgres.ts',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/{contract,e2e,faults}/**/*.test.ts'],
          globalSetup: 'test/setup/stack.ts',
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
