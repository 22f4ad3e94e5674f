// Deleted Communications become inbox items, as far as they were carried.
import type { Deletion } from '../fhir/deletions.ts';
import type { Bridge } from './bridge.ts';
import { deletionItem } from './items/fhir-deletion.ts';

/** Stores a page of deletions, in one commit. @returns how many were new */
export async function storeDeletions(
  { enqueue, store, transact }: Pick<Bridge, 'enqueue' | 'store' | 'transact'>,
  deletions: readonly Deletion[],
): Promise<number> {
  if (deletions.length === 0) return 0;
  return transact(async (tx) => {
    const references = deletions.map(({ reference }) => reference);
    const conversations = await store.messageLinks.findConversations(tx, references);
    const items = deletions.flatMap((deletion) => {
      const carried = conversations.get(deletion.reference);
      return carried === undefined ? [] : [deletionItem(deletion, carried)];
    });
    return (await enqueue(tx, items)).stored;
  });
}
