// A member renamed a bridged room → the FHIR resource says so where names are mapped; else the name is restored.
import type { CareTeam, CommunicationRequest } from '../../domain/fhir.ts';
import { withSubjectLine, withTeamName } from '../../mapping/room-names.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import type { FlowOutcome } from '../outcome.ts';
import { recordOwnWrite } from '../people/own-write.ts';
import { personOf } from '../people/who-is.ts';
import type { StateChange } from './state-change.ts';

/** Handles `m.room.name` by someone who is not of the bridge. */
export async function nameToFhir(
  bridge: Bridge,
  event: StateChange,
  room: RoomRow,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { store, fhir, homeserver, settings } = bridge;
  const { name } = event.content;
  const resource = typeof name === 'string' ? await fhir.read(room.reference, signal) : undefined;
  const updated =
    resource === undefined || typeof name !== 'string' ? undefined : renamed(bridge, resource, name, room);
  if (resource === undefined || updated === undefined)
    return { kind: 'done', next: [convergeItem(room.reference, event.event_id)] };
  // Another name since then, by a member or by convergence, has the last word.
  const present = await homeserver.stateEvent(settings.bot, event.room_id, event, signal);
  if (present?.['name'] !== name) return { kind: 'ignored', reason: 'superseded' };
  const written = await fhir.update({ ...updated, id: resource.id, meta: resource.meta }, signal);
  const by = { userId: event.sender, person: await personOf(bridge, event.sender, room.reference, signal) };
  const on = { reference: written.reference, versionId: written.versionId };
  return {
    kind: 'done',
    facts: [{ kind: 'resource-changed', by, on, subject: room.subject, at: event.origin_server_ts }],
    next: (tx) => recordOwnWrite(store, tx, written),
  };
}

function renamed(
  { settings }: Pick<Bridge, 'settings'>,
  resource: StoredResource,
  name: string,
  { number }: Pick<RoomRow, 'number'>,
): CareTeam | CommunicationRequest | undefined {
  switch (resource.resourceType) {
    case 'CareTeam':
      return withTeamName(resource, name, settings.roomTemplates, { number });
    case 'CommunicationRequest':
      return withSubjectLine(resource, name, settings.roomTemplates, { number });
    default:
      return undefined;
  }
}
