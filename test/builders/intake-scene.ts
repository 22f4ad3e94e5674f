// The intake on real tables, with pushes as the homeserver sends them and answers of `/sync` as the reader has them.
import type pg from 'pg';
import type { MatrixEvent } from '../../src/domain/matrix.ts';
import { createIntake } from '../../src/flows/intake.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { findBusyLanes, knownSourceIds } from '../../src/inbox/known-items.ts';
import { ozoThreads as thread } from '../../src/mapping/threads/ozo.ts';
import { NO_ORDER } from '../../src/matrix/push-order.ts';
import { EMPTY_PART } from '../../src/matrix/sync-parts.ts';
import { readTransaction, type SetAside } from '../../src/matrix/transactions.ts';
import { clockAt, SETTINGS } from './bridge.ts';
import { enqueue, tables } from './payloads.ts';

/** Creates it. */
export const createIntakeScene = (pool: pg.Pool, settings = SETTINGS, profile = thread) => {
  let rings = 0;
  const intake = createIntake({
    db: pool,
    transact: (work) => inTransaction(pool, work),
    ...{ enqueue, knownSourceIds, findBusyLanes, thread: profile },
    wakeMatrixReader: () => {
      rings += 1;
      return Promise.resolve();
    },
    store: tables,
    ...{ settings, clock: clockAt('2026-11-21T12:00:00Z') },
  });
  return {
    ...intake,
    rings: () => rings,
    push: async (body: object, order = NO_ORDER) => {
      const parts = readTransaction(body, 'txn');
      if (parts === undefined) throw new TypeError('Expected a transaction');
      await intake.pushed(parts, order);
    },
  };
};

/** An answer of `/sync` in which nothing happened. */
export const synced = { ...EMPTY_PART, since: '0', position: '1', arrivalsUpTo: '99' };

/** An answer that shows this of rooms. */
export const shown = (events: readonly MatrixEvent[], setAside: readonly SetAside[] = []): typeof synced => ({
  ...synced,
  rooms: [...Map.groupBy(events, (event) => event.room_id)].map(([id, said], index) => ({
    ...{ roomId: id, events: said, setAside: index === 0 ? setAside : [] },
  })),
});
