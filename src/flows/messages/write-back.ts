// A Communication was sent into its room → the id of its event is added to its identifiers.
import type { ClientBase } from 'pg';
import type { FhirReference } from '../../domain/ids.ts';
import { withEventId } from '../../messages/envelope.ts';
import type { Attempt, NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { deletionItem, UNSEEN_VERSION } from '../items/fhir-deletion.ts';
import type { WriteBackItem } from '../items/write-back.ts';
import type { FlowOutcome } from '../outcome.ts';
import { itemsOfWrittenOver } from './written-over.ts';

/** Handles it: in the version that the Communication has by now. */
export async function writeBack(
  bridge: Pick<Bridge, 'fhir' | 'store' | 'thread'>,
  { reference, eventId }: WriteBackItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { fhir, store } = bridge;
  const communication = await fhir.read(reference, signal);
  if (communication?.resourceType !== 'Communication')
    return { kind: 'ignored', reason: 'gone', next: (tx) => itemsOfGone(bridge, tx, reference) };
  const updated = withEventId(communication, eventId);
  if (updated === undefined) return { kind: 'ignored', reason: 'known' };
  const written = await fhir.update({ ...updated, id: communication.id, meta: communication.meta }, signal);
  return {
    kind: 'done',
    record: (tx) => store.resourceVersions.recordWritten(tx, written),
    next: (tx) => itemsOfWrittenOver(bridge, tx, communication),
  };
}

/** It was deleted while it was sent: the reader of deletions may have come by before anything was there to be retracted. */
export async function itemsOfGone(
  { store }: Pick<Bridge, 'store'>,
  tx: ClientBase,
  reference: FhirReference,
): Promise<readonly NewItem[]> {
  const carried = (await store.messageLinks.findConversations(tx, [reference])).get(reference);
  return carried === undefined ? [] : [deletionItem({ reference, versionId: UNSEEN_VERSION }, carried)];
}
