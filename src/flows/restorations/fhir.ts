// The FHIR server went back to an earlier state → that is noticed and noted, and what was seen of it is forgotten.
import { canFollow, watchedTypes, type ResourceVersion } from '../../domain/fhir.ts';
import type { Bridge } from '../bridge.ts';
import { fhirReader } from '../reader-names.ts';

/** Versions of each type that are looked for on the server. */
const WITNESSES = 3;

/** What is needed of the bridge. */
export type WatchingFhir = Pick<Bridge, 'db' | 'fhir' | 'log' | 'store' | 'transact'>;

/**
 * Looks whether the server has what was last read of it. If it went back, that is noted, and what was seen of it is
 * forgotten: it is read again as far back as every pass does.
 * @returns whether it went back
 */
export async function lookForRestoration(bridge: WatchingFhir, signal: AbortSignal): Promise<boolean> {
  const { db, store } = bridge;
  return lookFor(bridge, await store.resourceVersions.findNewest(db, watchedTypes(true), WITNESSES), signal);
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
    const now = present.get(witness.reference)?.meta;
    const isThere =
      now === undefined ? await bridge.fhir.wasDeleted(witness.reference, signal) : canFollow(now, witness);
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
  const { fhir, log, store } = bridge;
  const { serverTime } = await fhir.search('CareTeam', [['_lastUpdated', 'ge2999-01-01']], 1, signal);
  await bridge.transact(async (tx) => {
    await store.restorations.noteRestoration(tx, 'fhir');
    await store.resourceVersions.forgetAllVersions(tx);
    // A server whose clock went back as well would else be read from a time that is yet to come.
    if (serverTime !== undefined)
      await store.cursors.setBack(tx, watchedTypes(true).map(fhirReader), serverTime);
  });
  log.error({ reference, versionId }, 'The FHIR server was restored to an earlier state: it lacks a version');
}
