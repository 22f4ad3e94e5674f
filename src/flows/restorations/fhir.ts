// The FHIR server went back to an earlier state → that is noticed and noted, and what was seen of it is forgotten.
import { canFollow, watchedTypes, type ResourceVersion } from '../../domain/fhir.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { FhirReference } from '../../domain/ids.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Bridge } from '../bridge.ts';
import { fhirReader } from '../reader-names.ts';

/** Versions of each type that are looked for on the server. */
const WITNESSES = 3;
const TELL_NOTHING: ReadonlySet<string> = new Set(['fhir-forbidden', 'fhir-answer']);

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
  const references = witnesses.map(({ reference }) => reference);
  const together = await unlessUntold(bridge.fhir.readMany(references, signal));
  for (const witness of witnesses) {
    if (await isThere(bridge, witness, together, signal)) continue;
    await report(bridge, witness, signal);
    return true;
  }
  return false;
}

/** @param together what was read of all witnesses; undefined where one of them cannot be, so that each is read by itself */
async function isThere(
  { fhir }: Pick<Bridge, 'fhir'>,
  witness: ResourceVersion,
  together: ReadonlyMap<FhirReference, StoredResource> | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const { reference } = witness;
  const look = async (): Promise<boolean> => {
    const now = together === undefined ? await fhir.read(reference, signal) : together.get(reference);
    return now === undefined ? fhir.wasDeleted(reference, signal) : canFollow(now.meta, witness);
  };
  return (await unlessUntold(look())) ?? true;
}

/** Undefined where a resource may not be read any more, or is none now: that tells nothing, and readers must not stand still for it. */
async function unlessUntold<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof BridgeError && TELL_NOTHING.has(error.code)) return undefined;
    throw error;
  }
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
