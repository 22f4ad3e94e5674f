// Keeps the local table of people up to date with the directories that are read into it.
import type { Pool } from 'pg';
import type { Bridge } from '../flows/bridge.ts';
import type { Directory } from '../identity/directories/directory.ts';
import { syncOnce, type SyncProgress, type SyncStore } from '../identity/directories/sync.ts';
import { inTransaction } from '../inbox/database.ts';
import { readCursor, saveCursor } from '../store/cursors.ts';
import * as records from '../store/identity-records.ts';
import type { BridgeJob } from './job.ts';

/** A directory whose people are kept in the local table. */
export interface SyncedDirectory {
  readonly directory: Directory;
  readonly intervalMs: number;
}

type Deps = Pick<Bridge, 'clock' | 'db' | 'log' | 'metrics'>;

/** The jobs, one for each directory. */
export function syncDirectories(deps: Deps, synced: readonly SyncedDirectory[]): readonly BridgeJob[] {
  const { db, log } = deps;
  return synced.map(({ directory, intervalMs }) => {
    const name = `identity:${directory.name}`;
    const store = syncStore(db, directory.name, name);
    const onProgress = (progress: SyncProgress): void => {
      recordProgress(deps, progress);
    };
    return {
      ...{ name, service: 'directories', intervalMs, withoutBot: true },
      pass: (signal) => syncOnce({ directory, store, log, onProgress }, signal),
    };
  });
}

function syncStore(pool: Pool, directory: string, cursor: string): SyncStore {
  return {
    readPosition: () => readCursor(pool, cursor),
    unseen: (pass, limit) => records.findUnseenRecords(pool, directory, pass, limit),
    save: (page) =>
      inTransaction(pool, async (tx) => {
        await records.saveIdentityRecords(tx, directory, page.records, page.seenIn);
        await records.removeIdentityRecords(tx, directory, page.gone);
        await saveCursor(tx, cursor, page.position);
      }),
  };
}

function recordProgress({ clock, metrics }: Deps, progress: SyncProgress): void {
  const { directory, done } = progress;
  for (const what of ['read', 'saved', 'removed'] as const) {
    metrics.directorySync.set({ directory, what }, progress[what]);
  }
  if (done) metrics.directorySynced.set({ directory }, clock.now().getTime() / 1000);
}
