// The runner: brings the space or room of one resource from whatever it is to what FHIR wants.
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import { aliasOf } from '../../mapping/aliases.ts';
import type { Phase } from '../../mapping/phases.ts';
import type { Drawing } from '../../mapping/pictures.ts';
import type { Bridge } from '../bridge.ts';
import { uploadedPicture } from '../pictures.ts';
import { createReadSet } from '../people/read-set.ts';
import { rememberedVersion, separateFormerRoom } from './another-resource.ts';
import { applyPlan } from './apply-plan.ts';
import type { Definition, SpaceOf } from './definition.ts';
import { sendFirstMessage } from './first-message.ts';
import { saveLinks } from './links.ts';
import { planRoom } from './plan-room.ts';
import { resourceGone } from './resource-gone.ts';
import { readDefinition, roomSpecOf, type RoomSpec } from './room-spec.ts';

/** A room as it stands after convergence. */
export interface ConvergedRoom {
  readonly roomId: RoomId;
  readonly phase: Phase;
  readonly subject: FhirReference | undefined;
  readonly definition: Definition;
}

/**
 * Brings the space or room of a resource up to date with everything it needs: the space, the people, the first message.
 * Resources may arrive in any order.
 * @param requireInvites whether it fails when a person could not be invited
 * @returns undefined when the resource is gone, or it has no room and wants none
 */
export async function convergeRoom(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
  requireInvites = false,
): Promise<ConvergedRoom | undefined> {
  return bridge.roomLock(reference, signal, () => convergeLocked(bridge, reference, signal, requireInvites));
}

async function convergeLocked(
  bridge: Bridge,
  reference: FhirReference,
  signal: AbortSignal,
  requireInvites = false,
): Promise<ConvergedRoom | undefined> {
  const { store, db } = bridge;
  const begun = await store.rooms.readTime(db);
  const reads = createReadSet(bridge.fhir, signal);
  const definition = await readDefinition(reads, reference);
  if (definition === undefined) {
    await resourceGone(bridge, reference, signal);
    return undefined;
  }
  const { subject, versionId, lastUpdated } = definition;
  const version = { reference, versionId, lastUpdated };
  const since = await separateFormerRoom(bridge, { version, subject }, signal);
  const known = await store.rooms.findRoom(db, reference);
  if (known?.roomId === undefined && !definition.wanted.make) return undefined;
  if (known === undefined && (await isBeingAdopted(bridge, definition))) return undefined;
  if (known === undefined && (await isOfOthers(bridge, definition))) return undefined;
  // The number of the room stands in its name.
  const row = known ?? (await store.rooms.reserveRoom(db, reference, aliasOf(reference, bridge.settings)));
  const spaceOf = ensureSpace(bridge, signal);
  const pictureOf = (drawing: Drawing): Promise<string> => uploadedPicture(bridge, drawing, signal);
  const spec = await roomSpecOf(bridge, definition, { row, reads, spaceOf, pictureOf }, signal);
  const roomId = await bringThroughPhases(bridge, spec, requireInvites, signal);
  if (roomId === undefined) return undefined;
  await store.rooms.saveConverged(db, reference, begun);
  await store.roomResources.saveKnownResource(db, reference, { version: rememberedVersion(version), since });
  return { roomId, phase: definition.wanted.phase, subject, definition };
}

async function bringThroughPhases(
  bridge: Bridge,
  spec: RoomSpec,
  requireInvites: boolean,
  signal: AbortSignal,
): Promise<RoomId | undefined> {
  let roomId: RoomId | undefined;
  for (const phase of spec.phases) {
    const plan = await planRoom(bridge, spec, signal, phase);
    if (plan === undefined) return undefined;
    roomId = await applyPlan(bridge, plan, { signal, requireInvites });
    await saveLinks(bridge, plan, roomId, signal);
    if (phase === 'open' && plan.dangers.length === 0) await sendFirstMessage(bridge, plan, roomId, signal);
    await bridge.store.rooms.saveReady(bridge.db, spec.reference);
  }
  return roomId;
}

/** The bridge is writing it for a room that a user made, and asks for its convergence as soon as it knows the id. */
async function isBeingAdopted(
  { store, db }: Pick<Bridge, 'db' | 'store'>,
  { adopted }: Definition,
): Promise<boolean> {
  return adopted !== undefined && (await store.adoptedRooms.findAdoption(db, adopted)) !== undefined;
}

/** Its room is another organisation's: that one decides what it is like and who takes part. */
async function isOfOthers(
  { store, db }: Pick<Bridge, 'db' | 'store'>,
  { adopted }: Definition,
): Promise<boolean> {
  return adopted !== undefined && (await store.invitations.isOfOthers(db, adopted));
}

/** Makes a team's space if it is not there. Of many conversations that ask for it while it is being made, one makes it. */
function ensureSpace(bridge: Bridge, signal: AbortSignal): SpaceOf {
  const { store, db } = bridge;
  return async (careTeam) => {
    const find = async (): Promise<RoomId | undefined> => {
      const room = await store.rooms.findRoom(db, careTeam);
      return room?.ready === true ? room.roomId : undefined;
    };
    const make = async (): Promise<RoomId | undefined> =>
      (await convergeLocked(bridge, careTeam, signal))?.roomId;
    return (await find()) ?? bridge.roomLock(careTeam, signal, async () => (await find()) ?? (await make()));
  };
}
