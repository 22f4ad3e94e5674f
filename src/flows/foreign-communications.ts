// Communications of other applications on the same server, which name no conversation: they are left out where nobody is to be told so.
import type { ClientBase } from 'pg';
import { referenceTo, type EventId, type FhirReference } from '../domain/ids.ts';
import type { StoredResource } from '../fhir/server.ts';
import { eventIdOf } from '../messages/envelope.ts';
import type { Store } from '../store/tables.ts';
import type { Bridge } from './bridge.ts';
import { isStorableKey } from './make-each.ts';

/** A Communication that names no conversation, by all that it may have been carried under. */
export interface Foreign {
  readonly reference: FhirReference;
  readonly eventId: EventId | undefined;
}

/**
 * Whether a resource is a Communication that names no conversation.
 * @returns undefined where it is not, or where platforms are told of such: then it is handled
 * @throws whatever a resource that is not what its type says makes of it
 */
export function foreignIn(
  {
    thread,
    settings,
  }: Pick<Bridge, 'thread'> & { readonly settings: Pick<Bridge['settings'], 'reportFailures'> },
  resource: StoredResource,
): Foreign | undefined {
  if (resource.resourceType !== 'Communication' || settings.reportFailures === 'task') return undefined;
  if (thread.threadOf(resource) !== undefined) return undefined;
  const eventId = eventIdOf(resource);
  const isUsable = typeof eventId === 'string' && isStorableKey(eventId);
  return { reference: referenceTo('Communication', resource.id), eventId: isUsable ? eventId : undefined };
}

/** Leaves out what changed of such Communications, if nothing of them was carried. A later version that names one is another change. */
export async function withoutForeign<Change extends { readonly foreign: Foreign | undefined }>(
  { messageLinks }: { readonly messageLinks: Pick<Store['messageLinks'], 'findLinked'> },
  tx: ClientBase,
  changes: readonly Change[],
): Promise<readonly Change[]> {
  const foreign = changes.flatMap((change) => change.foreign ?? []);
  if (foreign.length === 0) return changes;
  const linked = await messageLinks.findLinked(
    tx,
    foreign.map(({ reference }) => reference),
    foreign.flatMap(({ eventId }) => eventId ?? []),
  );
  const wasCarried = ({ reference, eventId }: Foreign): boolean =>
    linked.has(reference) || (eventId !== undefined && linked.has(eventId));
  return changes.filter((change) => change.foreign === undefined || wasCarried(change.foreign));
}
