// Which rooms are to be brought up to date because something changed on which they depend, by others or by the bridge itself.
import type { ClientBase } from 'pg';
import { versionKeyOf, type ResourceVersion } from '../../domain/fhir.ts';
import { isStructure, typeOf, type Dependency, type FhirReference } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import type { Store } from '../../store/tables.ts';
import { convergeItems } from '../items/converge.ts';

/**
 * The rooms that depend on any of these. In a transaction that begins with this and records the change, or after the one
 * that did: then a room that stores its dependencies meanwhile either is found here, or finds the change itself.
 */
export async function dependentsOf(
  { roomMembers }: Pick<Store, 'roomMembers'>,
  tx: ClientBase,
  changed: readonly Dependency[],
): Promise<readonly FhirReference[]> {
  await roomMembers.lockDependencies(tx, 'asking');
  return roomMembers.findDependents(tx, changed);
}

/**
 * Enters a version that the bridge itself wrote in the ledger, so that its being read means nothing. The version before it
 * may be a platform's, which no reader has seen yet, and none will: so the resource's own room is looked at as well.
 * @returns the items that bring the rooms up to date, for the same transaction
 */
export async function recordOwnWrite(
  store: Pick<Store, 'resourceVersions' | 'roomMembers'>,
  tx: ClientBase,
  version: ResourceVersion,
): Promise<readonly NewItem[]> {
  const { reference } = version;
  // No room depends on a message.
  const isMessage = typeOf(reference) === 'Communication';
  const dependents = isMessage ? [] : await dependentsOf(store, tx, [reference]);
  await store.resourceVersions.recordWritten(tx, version);
  const rooms = new Set(isStructure(reference) ? [reference, ...dependents] : dependents);
  return convergeItems([...rooms], versionKeyOf(version));
}
