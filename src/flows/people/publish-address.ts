// The address of a practitioner's ghost → that practitioner in one's own directory; an inbox item of its own, so that it lasts.
import { typeOf, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import type { Attempt, NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { publishItem, type PublishItem } from '../items/publish.ts';
import type { FlowOutcome } from '../outcome.ts';
import { recordOwnWrite } from './own-write.ts';

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
    const items = ghosts.flatMap((ghost) => publishItems(bridge, ghost));
    await bridge.enqueue(tx, items);
    return ghosts.length;
  });
}

/** Handles it. People who have an account of their own, or publish any, are left as they are. */
export async function publishAddress(
  { db, store, publishAddress: publish }: Pick<Bridge, 'db' | 'publishAddress' | 'store'>,
  { reference, userId }: PublishItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  if (publish === undefined || !isPublishable(reference)) return { kind: 'ignored', reason: 'not-published' };
  const known = (await store.people.findPeople(db, [reference])).get(reference);
  if (known?.kind === 'user' || known?.storedUserId !== undefined)
    return { kind: 'ignored', reason: 'own-account' };
  const { result, written } = await publish(reference, userId, signal);
  if (result === 'missing') return { kind: 'ignored', reason: 'gone' };
  if (result === 'differs') return { kind: 'ignored', reason: 'own-account' };
  if (written === undefined) return { kind: 'ignored', reason: 'published' };
  const on = { reference: written.reference, versionId: written.versionId };
  return {
    kind: 'done',
    facts: [{ kind: 'resource-changed', by: {}, on }],
    next: (tx) => recordOwnWrite(store, tx, written),
  };
}

function isPublishable(reference: FhirReference): boolean {
  return typeOf(reference) === 'Practitioner';
}
