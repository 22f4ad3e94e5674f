// Where a conversation stands: recorded, and listed in the space of its team.
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import { spaceChild } from '../../mapping/desired-room.ts';
import type { Phase } from '../../mapping/phases.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem, convergeItems } from '../items/converge.ts';
import { createReadSet } from '../people/read-set.ts';
import type { RoomPlan } from './plan-room.ts';
import { madeSpaceOf, readDefinition } from './room-spec.ts';

/**
 * Records the phase of a room and where a conversation stands. One that was not finished yet is listed in its space here;
 * from then on the list is the space's own convergence's to keep. May be repeated after a death.
 */
export async function saveLinks(
  bridge: Bridge,
  plan: RoomPlan,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<void> {
  const { store, db, homeserver, settings } = bridge;
  const { spec, desired, row: before } = plan;
  const { reference, placement, subject, authoredAt } = spec;
  if (spec.kind === 'space') {
    if (before?.subject !== subject) await store.rooms.saveSubject(db, reference, subject);
    await store.rooms.savePhase(db, reference, desired.phase);
    return;
  }
  const careTeam = placement?.reference;
  const isReplaced = before?.subject !== subject || before?.careTeam !== careTeam;
  const isNews = isReplaced || before?.authoredAt !== authoredAt;
  // At once, and with what asks for the spaces: a repetition would not see that anything changed.
  await bridge.transact(async (tx) => {
    if (isNews) await store.rooms.saveConversation(tx, reference, { subject, careTeam, authoredAt });
    await store.rooms.savePhase(tx, reference, desired.phase);
    const isNewlyClosed = await store.rooms.saveKeptClosed(
      tx,
      reference,
      desired.entry.kind === 'kept-closed',
    );
    const cause = `${reference} in its space ${bridge.clock.now().toISOString()}`;
    await bridge.enqueue(tx, convergeItems(spacesToChange(plan, careTeam), cause));
    // The user because of whom it was kept closed may have left the space before the space knew of it.
    if (isNewlyClosed) await bridge.enqueue(tx, [convergeItem(reference, cause)]);
  });
  if (placement === undefined) {
    if (isReplaced) await joinLateSpace(bridge, reference, signal);
    return;
  }
  if (before === undefined || before.ready) return;
  const child = spaceChild(roomId, settings.serverName, { authoredAt, number: before.number });
  const event = isListed(desired.phase) ? child : { ...child, content: {} };
  await homeserver.putState(settings.bot, placement.roomId, event, signal);
}

/** The spaces whose lists change: of both when a conversation moves, of its own when it closes, opens again, or began otherwise. */
function spacesToChange(
  { row: before, desired: { phase }, spec: { authoredAt } }: RoomPlan,
  careTeam: FhirReference | undefined,
): readonly FhirReference[] {
  const isMoved = before?.careTeam !== careTeam && (before?.ready === true || before?.careTeam !== undefined);
  const isSamePlace = before?.ready !== true || before.authoredAt === authoredAt;
  const isSame = isSamePlace && isListed(before?.phase ?? 'open') === isListed(phase);
  const spaces = [...(isMoved ? [before.careTeam, careTeam] : []), ...(isSame ? [] : [careTeam])];
  return [...new Set(spaces.filter((space) => space !== undefined))];
}

/** A closed room is not listed in its space. */
function isListed(phase: Phase): boolean {
  return phase !== 'closed';
}

/** A space that was made after it was looked for, and before its team could find the conversation waiting for it. */
async function joinLateSpace(bridge: Bridge, reference: FhirReference, signal: AbortSignal): Promise<void> {
  const reads = createReadSet(bridge.fhir, signal);
  const definition = await readDefinition(reads, reference);
  const placement = await definition?.place(reads, undefined, madeSpaceOf(bridge));
  if (placement === undefined) return;
  const cause = `${placement.reference} has a space ${bridge.clock.now().toISOString()}`;
  await bridge.transact((tx) => bridge.enqueue(tx, [convergeItem(reference, cause)]));
}
