// What the names of rooms can say besides their own resource: numbers, professionals, the organisation of the team.
import type { Reference } from 'fhir/r4.js';
import { parseReference } from '../../domain/ids.ts';
import { nameOfOrganization } from '../../mapping/people.ts';
import { namesOrganization, type TitleFacts } from '../../mapping/room-names.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { ReadSet } from '../people/read-set.ts';
import type { ResolvedPeople } from '../people/resolve-people.ts';
import type { DefiningBridge, Definition, Placement } from './definition.ts';

/**
 * Gathers the facts. The organisation is read, and so depended on, only where a template asks for it.
 * @param row of the room, if it is reserved
 */
export async function titleFactsOf(
  { db, store, settings }: DefiningBridge,
  reads: ReadSet,
  { team }: Pick<Definition, 'team'>,
  {
    row,
    placement,
    people,
  }: { row: RoomRow | undefined; placement: Placement | undefined; people: ResolvedPeople },
): Promise<TitleFacts> {
  const space = placement && (await store.rooms.findRoom(db, placement.reference));
  const manager = team(placement)?.managingOrganization?.[0];
  const isNamed = namesOrganization(settings.roomTemplates) && manager !== undefined;
  return {
    ...{ number: row?.number, team: space?.number, professionals: people.professionals },
    organization: isNamed ? await organizationName(reads, manager) : undefined,
  };
}

async function organizationName(reads: ReadSet, manager: Reference): Promise<string | undefined> {
  const reference = parseReference(manager.reference)?.reference;
  if (reference !== undefined) await reads.read([reference]);
  const organization = reference && reads.find(reference);
  const isRead = organization?.resourceType === 'Organization';
  return nameOfOrganization(isRead ? organization : { name: manager.display });
}
