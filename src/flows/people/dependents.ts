// Which rooms are to be brought up to date because something changed on which they depend.
import type { ClientBase } from 'pg';
import type { Dependency, FhirReference } from '../../domain/ids.ts';
import type { Bridge } from '../bridge.ts';

/**
 * The rooms that depend on any of these. In a transaction that begins with this and records the change, or after the one
 * that did: then a room that stores its dependencies meanwhile either is found here, or finds the change itself.
 */
export async function dependentsOf(
  {
    roomMembers,
  }: { readonly roomMembers: Pick<Bridge['store']['roomMembers'], 'findDependents' | 'lockDependencies'> },
  tx: ClientBase,
  changed: readonly Dependency[],
): Promise<readonly FhirReference[]> {
  await roomMembers.lockDependencies(tx, 'asking');
  return roomMembers.findDependents(tx, changed);
}
