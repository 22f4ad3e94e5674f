// Deleted resources become inbox items: Communications as far as they were carried, all else as far as it has a room.
import type { ClientBase } from 'pg';
import { idOf, isStructure, referenceTo, type FhirReference } from '../domain/ids.ts';
import type { Deletion } from '../fhir/deletions.ts';
import type { NewItem } from '../inbox/item.ts';
import type { Bridge } from './bridge.ts';
import { convergeItem } from './items/converge.ts';
import { deletionItem } from './items/fhir-deletion.ts';

type Storing = Pick<Bridge, 'enqueue' | 'store' | 'thread' | 'transact'>;

/** Stores a page of deletions, in one commit. @returns how many were new */
export async function storeDeletions(storing: Storing, deletions: readonly Deletion[]): Promise<number> {
  const { enqueue, transact } = storing;
  if (deletions.length === 0) return 0;
  return transact(async (tx) => {
    const items = [
      ...(await messageItems(storing, tx, deletions)),
      ...(await roomItems(storing, tx, deletions)),
    ];
    return (await enqueue(tx, items)).stored;
  });
}

async function messageItems(
  { store }: Storing,
  tx: ClientBase,
  deletions: readonly Deletion[],
): Promise<readonly NewItem[]> {
  const references = deletions.map(({ reference }) => reference);
  const conversations = await store.messageLinks.findConversations(tx, references);
  return deletions.flatMap((deletion) => {
    const carried = conversations.get(deletion.reference);
    return carried === undefined ? [] : [deletionItem(deletion, carried)];
  });
}

/** That a room's resource is gone, its convergence sees. */
async function roomItems(
  { store, thread }: Storing,
  tx: ClientBase,
  deletions: readonly Deletion[],
): Promise<readonly NewItem[]> {
  const isHeader = thread.header !== undefined;
  const deleted = deletions.map(({ reference, versionId }) => ({
    room: roomOf(reference, isHeader),
    cause: `${reference}/${versionId} deleted`,
  }));
  const existing = new Set(
    await store.roomResources.findWithRoom(
      tx,
      deleted.map(({ room }) => room),
    ),
  );
  return deleted.filter(({ room }) => existing.has(room)).map(({ room, cause }) => convergeItem(room, cause));
}

/** Where the headers of conversations are Communications, the bridge knows them as CommunicationRequests. */
function roomOf(reference: FhirReference, isHeader: boolean): FhirReference {
  return isHeader && !isStructure(reference)
    ? referenceTo('CommunicationRequest', idOf(reference))
    : reference;
}
