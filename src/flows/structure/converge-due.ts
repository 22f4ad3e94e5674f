// A period began or ended by the clock alone → the rooms made from it are brought up to date.
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';

/** Rooms asked for in one transaction at most. */
const MOST = 200;

/**
 * Asks for the convergence of the rooms whose moment has come by the bridge's clock, in the transaction that forgets the
 * moment: each is asked for once, and none is lost.
 * @returns how many rooms were asked for, and the next moment, which may have come already; undefined while there is none
 */
export async function convergeDue(
  bridge: Pick<Bridge, 'clock' | 'db' | 'enqueue' | 'store' | 'transact'>,
): Promise<{ readonly asked: number; readonly next: Date | undefined }> {
  const { db, store, transact, enqueue, clock } = bridge;
  const now = clock.now();
  const asked = await transact(async (tx) => {
    const due = await store.rooms.takeDueRooms(tx, now, MOST);
    // A replica whose clock is behind finds the same moment ahead of it again: that asks again, so it needs another id.
    const items = due.map(({ reference, convergeAt }) =>
      convergeItem(reference, `period ${convergeAt.toISOString()} at ${now.toISOString()}`),
    );
    await enqueue(tx, items);
    return due.length;
  });
  return { asked, next: await store.rooms.nextConvergeAt(db) };
}
