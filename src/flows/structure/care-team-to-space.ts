// A CareTeam changed → its space is brought to what the team says.
import type { CareTeam } from '../../domain/fhir.ts';
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import { parseReference } from '../../domain/ids.ts';
import { desiredSpace, isBlank } from '../../mapping/desired-room.ts';
import { participantsOf } from '../../mapping/fhir-to-matrix/participants.ts';
import { wantedForCareTeam } from '../../mapping/phases.ts';
import type { ActualState } from '../../mapping/room-changes.ts';
import { spaceTitle } from '../../mapping/room-names.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import type { Asked, Converged } from './converge.ts';
import type { Blueprint } from './converge-room.ts';
import { applyPlan, planRoom, strayLinks } from './converge-room.ts';
import { resolvePeople } from '../people/people.ts';

/**
 * Brings a CareTeam's space up to date.
 * @returns what is to be done next: the conversations that were waiting for a space
 */
export async function careTeamToSpace(
  bridge: Bridge,
  reference: FhirReference,
  { cause, insist }: Asked,
  signal: AbortSignal,
): Promise<Converged> {
  const { store, db } = bridge;
  const made = await bridge.roomLock(reference, signal, () =>
    convergeSpace(bridge, reference, signal, insist),
  );
  if (made === undefined) return { hasRoom: false, next: [] };
  const waiting =
    made.subject === undefined ? [] : await store.rooms.findUnlinkedConversations(db, made.subject);
  return { hasRoom: true, next: waiting.map((conversation) => convergeItem(conversation, cause)) };
}

/**
 * The team's space, made if it is not there. Of many conversations that ask for it while it is being made, one makes it.
 * @returns undefined when there is none and none is wanted, or the team is gone
 */
export async function ensureSpace(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<RoomId | undefined> {
  const { store, db } = bridge;
  const find = async (): Promise<RoomId | undefined> => {
    const room = await store.rooms.findRoom(db, reference);
    return room?.ready === true ? room.roomId : undefined;
  };
  return (
    (await find()) ??
    bridge.roomLock(
      reference,
      signal,
      async () => (await find()) ?? (await convergeSpace(bridge, reference, signal))?.roomId,
    )
  );
}

/**
 * Brings a team's space up to date. Its room's lock is the caller's to hold.
 * @returns undefined when there is none and none is wanted, or the team is gone
 */
async function convergeSpace(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
  insist = false,
): Promise<{ readonly roomId: RoomId; readonly subject: FhirReference | undefined } | undefined> {
  const { store, db } = bridge;
  const begun = await store.rooms.readTime(db);
  const blueprint = await blueprintOfSpace(bridge, reference, signal);
  if (blueprint === undefined) return undefined;
  const plan = await planRoom(bridge, blueprint, signal);
  if (plan === undefined) return undefined;
  const roomId = await applyPlan(bridge, plan, signal, insist);
  await store.rooms.savePhase(db, reference, plan.desired.phase);
  await store.rooms.saveReady(db, reference);
  await store.rooms.saveConverged(db, reference, begun);
  return { roomId, subject: blueprint.subject };
}

/** What a CareTeam wants; undefined when it is gone. Reads only. */
export async function blueprintOfSpace(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<Blueprint | undefined> {
  const { settings, store, db } = bridge;
  const careTeam = await bridge.fhir.read(reference, signal);
  if (careTeam?.resourceType !== 'CareTeam') return undefined;
  const { make, phase } = wantedForCareTeam(careTeam.status);
  const wanted = participantsOf(careTeam, bridge.clock.now().getTime());
  const people = await resolvePeople(bridge, wanted, signal);
  return {
    ...{ reference, kind: 'space', make, people, sources: [reference] },
    subject: subjectOf(careTeam),
    desiredFor: async (actual) => {
      const listed = await store.rooms.findChildRooms(db, reference);
      return desiredSpace(
        reference,
        {
          ...{ phase, roomVersion: settings.roomVersion },
          title: spaceTitle(careTeam, settings.roomTemplates),
          members: people.members,
        },
        {
          listed,
          unlisted: [
            ...(await strayLinks(bridge, actual, 'm.space.child', listed)),
            ...(await store.claimedRooms.findClaimedByOthers(db, reference, childrenIn(actual))),
          ],
          via: settings.serverName,
        },
      );
    },
  };
}

function childrenIn(actual: readonly ActualState[]): readonly RoomId[] {
  const children = actual.filter((event) => event.type === 'm.space.child' && !isBlank(event));
  return children.map(({ state_key: roomId }) => roomId as RoomId);
}

function subjectOf(careTeam: CareTeam): FhirReference | undefined {
  return parseReference(careTeam.subject?.reference)?.reference;
}
