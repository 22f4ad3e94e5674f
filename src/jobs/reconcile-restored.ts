// After a restoration every space and room is compared with FHIR, a batch at a time; what was broken off goes on where it was.
import type { FhirReference } from '../domain/ids.ts';
import type { Bridge } from '../flows/bridge.ts';
import { sayAgain } from '../flows/restorations/say-again.ts';
import { resync } from '../flows/structure/resync.ts';
import type { OpenRestoration } from '../store/restorations.ts';
import type { BridgeJob } from './job.ts';

const BATCH = 100;
/** Until it looks again. */
const INTERVAL_MS = 5_000;

/** The job. */
export function reconcileRestored(bridge: Bridge): BridgeJob {
  const { db, store } = bridge;
  return {
    name: 'reconcile-restored',
    service: 'fhir',
    intervalMs: INTERVAL_MS,
    async pass(signal, again) {
      const [open] = await store.restorations.findOpen(db);
      if (open === undefined) return 0;
      const mended = await reconcileBatch(bridge, open, signal);
      again();
      return mended;
    },
  };
}

async function reconcileBatch(bridge: Bridge, open: OpenRestoration, signal: AbortSignal): Promise<number> {
  const { db, log, metrics, store } = bridge;
  const references = await store.restoredRooms.findRoomsAfter(db, open.reconciledUpTo, BATCH);
  const readable: FhirReference[] = [];
  const { differed, failed } = await resync(
    bridge,
    { dryRun: false, references },
    ({ reference, state }) => {
      if (state === 'failed') log.warn({ reference }, 'A room could not be compared after a restoration');
      if (state === 'in-sync' || state === 'differs') readable.push(reference);
    },
    signal,
  );
  if (open.what === 'matrix') await sayLostAgain(bridge, readable, open, signal);
  metrics.reconcileMended.inc({ kind: 'restored' }, differed);
  await store.restorations.saveReconciled(db, open, references.at(-1));
  log.info(
    { what: open.what, compared: references.length, differed, failed },
    'Compared rooms after a restoration',
  );
  return differed;
}

/** In rooms that the bot sees: where it sees none, nothing tells what is lost. */
async function sayLostAgain(
  bridge: Bridge,
  readable: readonly FhirReference[],
  { noticedAt }: OpenRestoration,
  signal: AbortSignal,
): Promise<void> {
  for (const reference of readable) {
    const room = await bridge.store.rooms.findRoom(bridge.db, reference);
    if (room?.roomId === undefined || !room.ready) continue;
    const where = { reference, roomId: room.roomId, isGone: false };
    await sayAgain(bridge, where, `restored ${noticedAt.toISOString()}`, signal);
  }
}
