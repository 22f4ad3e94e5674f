// The address of a practitioner's ghost → that practitioner in one's own directory; an inbox item of its own, so that it lasts.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import { typeOf } from '../../domain/ids.ts';
import type { Attempt, NewItem, Outcome } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import type { PublishItem } from '../items/publish.ts';
import { publishItem } from '../items/publish.ts';
import { dependentsOf } from './dependents.ts';

/**
 * What a newly registered ghost gives to publish: nothing where no directory is one's own, and nothing for patients and
 * relatives ever.
 */
export function publishItems(
  { publishAddress: publish }: Pick<Bridge, 'publishAddress'>,
  { reference, userId }: { readonly reference: FhirReference; readonly userId: MatrixUserId },
): readonly NewItem[] {
  if (publish === undefined || !isPublishable(reference)) return [];
  return [publishItem(reference, userId)];
}

/**
 * Puts up ghosts that were registered while nothing was published, some at a time; each once, whatever becomes of it.
 * @returns how many; fewer than the limit when there are no more
 */
export async function publishFormerGhosts(
  bridge: Pick<Bridge, 'enqueue' | 'publishAddress' | 'store' | 'transact'>,
  limit: number,
): Promise<number> {
  if (bridge.publishAddress === undefined) return 0;
  return bridge.transact(async (tx) => {
    const ghosts = await bridge.store.people.takeUnpublishedGhosts(tx, limit);
    await bridge.enqueue(
      tx,
      ghosts.flatMap((ghost) => publishItems(bridge, ghost)),
    );
    return ghosts.length;
  });
}

/** Handles it. Whoever has an account of their own, or publishes any, is left as they are. */
export async function publishAddress(
  bridge: Pick<Bridge, 'db' | 'enqueue' | 'publishAddress' | 'store' | 'transact'>,
  { reference, userId }: PublishItem,
  { signal }: Attempt,
): Promise<Outcome> {
  const { db, store, publishAddress: publish } = bridge;
  if (publish === undefined || !isPublishable(reference)) return { kind: 'ignored', reason: 'not-published' };
  const known = (await store.people.findPeople(db, [reference])).get(reference);
  if (known?.kind === 'user' || known?.storedUserId !== undefined) {
    return { kind: 'ignored', reason: 'own-account' };
  }
  const { result, written } = await publish(reference, userId, signal);
  if (result === 'missing') return { kind: 'ignored', reason: 'gone' };
  if (result === 'differs') return { kind: 'ignored', reason: 'own-account' };
  if (written === undefined) return { kind: 'ignored', reason: 'published' };
  await bridge.transact(async (tx) => {
    // The version before this one may be a platform's, which no reader has seen yet, and none will.
    const rooms = await dependentsOf(store, tx, [reference]);
    await store.resourceVersions.recordWritten(tx, written);
    const cause = `${reference}/${written.versionId}`;
    await bridge.enqueue(
      tx,
      rooms.map((room) => convergeItem(room, cause)),
    );
  });
  return { kind: 'done' };
}

function isPublishable(reference: FhirReference): boolean {
  return typeOf(reference) === 'Practitioner';
}
