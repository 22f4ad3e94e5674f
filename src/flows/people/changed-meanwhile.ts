// What changed on the way, between the reading of what a room depends on and the storing of it.
import { versionKeyOf } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import type { Queryable } from '../../store/database.ts';
import type { Bridge } from '../bridge.ts';
import type { ResolvedPeople } from './resolve-people.ts';

/**
 * To be asked after the room's dependencies were stored, and under their lock, since a change that came in before
 * concerned no room.
 * @param stamps of the versions that were read
 * @returns newer versions, as causes of another convergence, and the people of whose accounts an operator says otherwise by now
 */
export async function changedMeanwhile(
  { db, store, clock }: Pick<Bridge, 'clock' | 'store'> & { readonly db: Queryable },
  stamps: ReadonlyMap<FhirReference, string | undefined>,
  { overrides }: Pick<ResolvedPeople, 'overrides'>,
): Promise<readonly string[]> {
  if (stamps.size === 0) return [];
  const newer = await store.resourceVersions.findNewerThan(db, stamps);
  const known = await store.people.findPeople(db, [...overrides.keys()]);
  const linked = [...overrides].filter(
    ([reference, before]) => known.get(reference)?.storedUserId !== before,
  );
  return [
    ...newer.map(versionKeyOf),
    ...linked.map(([reference]) => `${reference} linked ${clock.now().toISOString()}`),
  ];
}
