// A member renamed a bridged room → the FHIR resource says so where names are mapped; else the name is restored.
import type { CareTeam, CommunicationRequest } from '../../domain/fhir.ts';
import { withSubjectLine, withTeamName } from '../../mapping/room-names.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt, Outcome } from '../../inbox/item.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import { dependentsOf } from '../people/dependents.ts';
import type { StateChange } from './state-change.ts';
import { converging } from './state-change.ts';

/** Handles `m.room.name` by someone who is not of the bridge. */
export async function nameToFhir(
  bridge: Bridge,
  event: StateChange,
  room: RoomRow,
  { signal }: Attempt,
): Promise<Outcome> {
  const { name } = event.content;
  if (typeof name !== 'string') return converging(bridge, [room.reference], event);
  const resource = await bridge.fhir.read(room.reference, signal);
  const updated = resource === undefined ? undefined : renamed(bridge, resource, name);
  if (resource === undefined || updated === undefined) return converging(bridge, [room.reference], event);
  // Another name since then, by a member or by convergence, has the last word.
  const { bot } = bridge.settings;
  const present = await bridge.homeserver.stateEvent(bot, event.room_id, event, signal);
  if (present?.['name'] !== name) return { kind: 'ignored', reason: 'superseded' };
  const version = await bridge.fhir.update({ ...updated, id: resource.id, meta: resource.meta }, signal);
  await bridge.transact(async (tx) => {
    // The version before this one may be a platform's, which no reader has seen yet, and none will.
    const dependents = await dependentsOf(bridge.store, tx, [room.reference]);
    await bridge.store.resourceVersions.recordWritten(tx, version);
    const rooms = [...new Set([room.reference, ...dependents])];
    await bridge.enqueue(
      tx,
      rooms.map((reference) => convergeItem(reference, event.event_id)),
    );
  });
  return { kind: 'done' };
}

function renamed(
  { settings }: Bridge,
  resource: StoredResource,
  name: string,
): CareTeam | CommunicationRequest | undefined {
  switch (resource.resourceType) {
    case 'CareTeam':
      return withTeamName(resource, name, settings.roomTemplates);
    case 'CommunicationRequest':
      return withSubjectLine(resource, name, settings.roomTemplates);
    default:
      return undefined;
  }
}
