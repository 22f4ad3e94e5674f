// The FHIR server was put back to an earlier state → that is found out, told, and every room is compared with it again.
import { watchedTypes, type ResourceVersion } from '../domain/fhir.ts';
import type { Bridge } from './bridge.ts';
import { fhirReader } from './intake.ts';
import { convergeItems } from './items/converge.ts';

/** How far the comparison has come, in the table of cursors. */
const CURSOR = 'fhir-restored';
const DONE = 'done';
/** Versions of each type that are looked for on the server. */
const WITNESSES = 3;
/** Rooms that are asked for in one transaction. */
const ROOMS = 200;
/** For so long at least the alarm is raised: somebody is to see it. */
const ALARM_MS = 60 * 60_000;

/** What is needed of the bridge. */
export type WatchingFhir = Pick<
  Bridge,
  'clock' | 'db' | 'enqueue' | 'fhir' | 'log' | 'metrics' | 'store' | 'transact'
>;

/**
 * Looks whether the server has what was last read of it. If it went back, the alarm is raised, and what was seen of it is
 * forgotten: it is read again as far back as every pass does.
 * @returns whether it went back
 */
export async function lookForRestoration(bridge: WatchingFhir, signal: AbortSignal): Promise<boolean> {
  return lookFor(bridge, await bridge.store.resourceVersions.findNewest(bridge.db, WITNESSES), signal);
}

/** The same, by these versions alone. */
export async function lookFor(
  bridge: WatchingFhir,
  witnesses: readonly ResourceVersion[],
  signal: AbortSignal,
): Promise<boolean> {
  const present = await bridge.fhir.readMany(
    witnesses.map(({ reference }) => reference),
    signal,
  );
  for (const witness of witnesses) {
    const now = present.get(witness.reference)?.meta.lastUpdated;
    const isThere =
      now === undefined
        ? await bridge.fhir.wasDeleted(witness.reference, signal)
        : Date.parse(now) >= Date.parse(witness.lastUpdated);
    if (isThere) continue;
    await report(bridge, witness, signal);
    return true;
  }
  return false;
}

async function report(
  bridge: WatchingFhir,
  { reference, versionId }: ResourceVersion,
  signal: AbortSignal,
): Promise<void> {
  const { clock, fhir, log, metrics, store } = bridge;
  const { serverTime } = await fhir.search('CareTeam', [['_lastUpdated', 'ge2999-01-01']], 1, signal);
  await bridge.transact(async (tx) => {
    await store.alarms.raiseAlarm(tx, { name: 'fhir-restored', service: 'fhir', raisedAt: clock.now() });
    await store.resourceVersions.forgetAllVersions(tx);
    // A server whose clock went back as well would else be read from a time that is yet to come.
    if (serverTime !== undefined)
      await store.cursors.setBack(tx, watchedTypes(true).map(fhirReader), serverTime);
    await store.cursors.saveCursor(tx, CURSOR, '');
  });
  metrics.fhirRestored.inc();
  log.error(
    { reference, versionId },
    'The FHIR server lacks a version that was read of it: it was put back to an earlier state. Every room is compared with it',
  );
}

/**
 * Asks for the next rooms to be compared, after the server went back; the alarm is over some time after the last.
 * @returns how many were asked for
 */
export async function compareNextRooms(bridge: WatchingFhir): Promise<number> {
  const { clock, db, store } = bridge;
  const after = await store.cursors.readCursor(db, CURSOR);
  if (after === undefined) return 0;
  const now = clock.now();
  if (after === DONE) {
    await store.alarms.clearAlarm(db, 'fhir-restored', new Date(now.getTime() - ALARM_MS));
    return 0;
  }
  return bridge.transact(async (tx) => {
    const rooms = await store.rooms.findRoomsAfter(tx, after, ROOMS);
    await store.cursors.saveCursor(tx, CURSOR, rooms.at(-1) ?? DONE);
    await bridge.enqueue(tx, convergeItems(rooms, `FHIR server restored ${now.toISOString()}`));
    return rooms.length;
  });
}
