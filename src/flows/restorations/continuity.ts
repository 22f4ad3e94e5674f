// A number that the bridge raises on both sides, here first: where they differ by more than that, one of them has gone back.
import type { Bridge } from '../bridge.ts';

/** What two numbers tell. `ahead`: this side was raised, and the homeserver was not told yet. */
export type Continuity = 'ahead' | 'database-went-back' | 'homeserver-went-back' | 'same';

/** Compares the number in the database with the one that the homeserver keeps. Pure. */
export function compareNumbers(own: number, kept: number): Continuity {
  if (kept > own) return 'database-went-back';
  if (kept === own) return 'same';
  return kept === own - 1 ? 'ahead' : 'homeserver-went-back';
}

type Comparing = Pick<Bridge, 'db' | 'homeserver' | 'log' | 'settings' | 'store' | 'transact'>;

/** Compares both sides, and notes what has gone back: nothing is handled before that is known. */
export async function noticeRestorations(comparing: Comparing, signal: AbortSignal): Promise<void> {
  const { db, homeserver, log, settings, store, transact } = comparing;
  const own = await store.restorations.readNumber(db);
  const kept = await homeserver.keptNumber(settings.bot, signal);
  switch (compareNumbers(own, kept)) {
    case 'database-went-back':
      await transact(async (tx) => {
        // Another replica may have noticed as well.
        if (await store.restorations.raiseNumber(tx, kept))
          await store.restorations.noteRestoration(tx, 'database');
      });
      log.error({ own, kept }, 'The database of the bridge was restored to an earlier state');
      return;
    case 'homeserver-went-back':
      await homeserver.keepNumber(settings.bot, own, signal);
      await store.restorations.noteRestoration(db, 'matrix');
      log.error({ own, kept }, 'The homeserver was restored to an earlier state');
      return;
    case 'ahead':
    case 'same':
  }
}

/** Compares both sides, and raises the number. */
export async function raiseNumbers(comparing: Comparing, signal: AbortSignal): Promise<void> {
  const { db, homeserver, settings, store } = comparing;
  await noticeRestorations(comparing, signal);
  const own = await store.restorations.readNumber(db);
  const isSame = (await homeserver.keptNumber(settings.bot, signal)) === own;
  // One that the homeserver was not told comes first: else the numbers would drift apart while it is away.
  const next = isSame ? own + 1 : own;
  await store.restorations.raiseNumber(db, next);
  await homeserver.keepNumber(settings.bot, next, signal);
}
