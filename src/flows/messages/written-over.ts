// The bridge wrote over a version of a Communication: if no reader has read that one, none will, so it gets its item here.
import type { ClientBase } from 'pg';
import { versionOf, type Communication } from '../../domain/fhir.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { changeItem } from '../items/fhir-change.ts';

/**
 * The item of a version that was written over. A search shows the latest version only, which is the bridge's own and means
 * nothing: without this, what a platform changed just before would reach no room.
 * @returns nothing where a reader has read that version, or the bridge itself wrote it
 */
export async function itemsOfWrittenOver(
  { store, thread }: Pick<Bridge, 'store' | 'thread'>,
  tx: ClientBase,
  before: StoredResource<Communication>,
): Promise<readonly NewItem[]> {
  const unread = await store.resourceVersions.recordRead(tx, [versionOf(before)]);
  return unread.map(() => changeItem(before, thread));
}
