// A Communication that was sent learns the id of its event.
import type { Communication } from '../../domain/fhir.ts';
import type { EventId } from '../../domain/ids.ts';
import type { StoredResource } from '../../fhir/server.ts';
import { withEventId } from '../../messages/envelope.ts';
import type { Bridge } from '../bridge.ts';

/** Adds the event id to the Communication's identifiers, in the version that was read. */
export async function writeBack(
  { fhir }: Pick<Bridge, 'fhir'>,
  communication: StoredResource<Communication>,
  eventId: EventId,
  signal: AbortSignal,
) {
  const updated = withEventId(communication, eventId);
  if (updated === undefined) return undefined;
  return fhir.update({ ...updated, id: communication.id, meta: communication.meta }, signal);
}
