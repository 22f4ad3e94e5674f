// Brings one room from whatever it is to what it should be: planned first, then made if missing, then the differences.
import type { ClientBase, Pool } from 'pg';
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { isStaffOf } from '../../domain/ids.ts';
import { aliasOf } from '../../mapping/aliases.ts';
import { peopleDigest } from '../../mapping/delivery-ids.ts';
import type { DesiredRoom } from '../../mapping/desired-room.ts';
import { isBlank } from '../../mapping/desired-room.ts';
import { createRoomBody } from '../../mapping/fhir-to-matrix/create-room.ts';
import { roomMarker } from '../../mapping/ghosts.ts';
import type { ActualState, Comparison, RoomChange } from '../../mapping/room-changes.ts';
import { changesToRoom, memberBase } from '../../mapping/room-changes.ts';
import type { Base } from '../../store/room-members.ts';
import type { RoomRow } from '../../store/rooms.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem, requireInvitesItem } from '../items/converge.ts';
import type { GhostChange } from '../people/ghosts.ts';
import { applyGhostChange, ghostChanges } from '../people/ghosts.ts';
import { inviteMember } from './invite.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { ResolvedPeople } from '../people/people.ts';
import { changedMeanwhile, rememberPeople } from '../people/people.ts';

/** What FHIR wants of a room, before it is compared with the room itself. */
export interface Blueprint {
  readonly reference: FhirReference;
  readonly kind: DesiredRoom['kind'];
  /** Whether a room that is not there is to be made. */
  readonly make: boolean;
  /** Whom the room is about. */
  readonly subject: FhirReference | undefined;
  readonly people: ResolvedPeople;
  /** Everything the blueprint was made from besides its people. */
  readonly sources: readonly FhirReference[];
  /** The desired room, which may depend on what is in the actual one. */
  readonly desiredFor: (actual: readonly ActualState[]) => Promise<DesiredRoom>;
}

/** What there is to do. */
export interface RoomPlan {
  readonly blueprint: Blueprint;
  readonly desired: DesiredRoom;
  /** Undefined when the room is yet to be made. */
  readonly roomId: RoomId | undefined;
  readonly actual: readonly ActualState[];
  readonly members: Base;
  readonly ghosts: readonly GhostChange[];
  /** Empty for a room that is yet to be made: what remains after its making is found then. */
  readonly changes: readonly RoomChange[];
}

/**
 * Compares what FHIR wants with what is; writes nothing, on either server or in the store.
 * @returns undefined when there is no room and none is wanted
 */
export async function planRoom(
  bridge: Bridge,
  blueprint: Blueprint,
  signal: AbortSignal,
): Promise<RoomPlan | undefined> {
  const { store, db, homeserver, settings } = bridge;
  const row = await store.rooms.findRoom(db, blueprint.reference);
  if (row?.roomId === undefined && !blueprint.make) return undefined;
  const actual =
    row?.roomId === undefined ? [] : await homeserver.roomState(settings.bot, row.roomId, signal);
  const members = await store.roomMembers.readMembers(db, blueprint.reference);
  const desired = await blueprint.desiredFor(actual);
  return {
    ...{ blueprint, desired, roomId: row?.roomId, actual, members },
    ghosts: await ghostChanges(bridge, blueprint.people.ghosts),
    changes: row?.roomId === undefined ? [] : changesToRoom(desired, actual, comparisonOf(bridge, members)),
  };
}

/** Tells whether a plan has nothing to do. */
export function isInSync({ roomId, ghosts, changes }: RoomPlan): boolean {
  return roomId !== undefined && ghosts.length === 0 && changes.length === 0;
}

/**
 * Makes the room be as planned, and records what was agreed on. Who cannot be invited keeps nobody else waiting: unless
 * it is insisted on, an item of its own tries again.
 * @returns its id
 * @throws BridgeError also, where it is insisted on, for an invitation that failed, after all else was done
 */
export async function applyPlan(
  bridge: Bridge,
  plan: RoomPlan,
  signal: AbortSignal,
  insist = false,
): Promise<RoomId> {
  const { store, db, homeserver, settings } = bridge;
  const { blueprint, desired } = plan;
  const { reference } = blueprint;
  await rememberPeople(bridge, blueprint.people);
  for (const change of plan.ghosts) await applyGhostChange(bridge, change, signal);
  const roomId = plan.roomId ?? (await makeRoom(bridge, desired, signal));
  const actual =
    plan.roomId === undefined ? await homeserver.roomState(settings.bot, roomId, signal) : plan.actual;
  const changes =
    plan.roomId === undefined
      ? changesToRoom(desired, actual, comparisonOf(bridge, plan.members))
      : plan.changes;
  await store.roomMembers.savePending(db, reference, broughtIn(desired, changes));
  const unreached = await applyChanges(bridge, plan, roomId, changes, signal);
  const members = [...memberBase(desired, actual, plan.members)];
  await store.roomMembers.saveBase(
    db,
    reference,
    new Map(members.map(([id, member]) => [id, member.reference])),
    new Set(members.filter(([id, { voice }]) => id === voice).map(([id]) => id)),
  );
  bridge.metrics.roomChanges.inc({ kind: desired.kind }, plan.ghosts.length + changes.length);
  const [first] = unreached.values();
  await askForMore(bridge, blueprint, insist ? [] : [...unreached.keys()]);
  if (first !== undefined && insist) throw first;
  return roomId;
}

/** Whom the changes bring into the room, with the person behind each. */
function broughtIn(
  { members }: DesiredRoom,
  changes: readonly RoomChange[],
): ReadonlyMap<MatrixUserId, FhirReference> {
  const coming = new Set(
    changes.flatMap((change) => (change.kind === 'invite' || change.kind === 'join' ? [change.userId] : [])),
  );
  return new Map(
    members.filter(({ userId }) => coming.has(userId)).map(({ userId, reference }) => [userId, reference]),
  );
}

/** @returns the people who could not be invited, and why */
async function applyChanges(
  bridge: Bridge,
  plan: RoomPlan,
  roomId: RoomId,
  changes: readonly RoomChange[],
  signal: AbortSignal,
): Promise<ReadonlyMap<MatrixUserId, BridgeError>> {
  const unreached = new Map<MatrixUserId, BridgeError>();
  for (const change of changes) {
    try {
      await applyChange(bridge, plan, roomId, change, signal);
    } catch (error) {
      const isOfOthers = change.kind === 'invite' && !isOwnUser(bridge.settings, change.userId);
      if (!isOfOthers || !(error instanceof BridgeError) || signal.aborted) throw error;
      bridge.log.warn(
        { code: error.code, detail: error.message, reference: plan.blueprint.reference },
        'A member could not be invited; it is tried again by itself',
      );
      unreached.set(change.userId, error);
    }
  }
  return unreached;
}

/**
 * Stores on what the room depends, and when next the clock alone may change it. People who changed while this was done
 * are compared once more. Those who could not be invited are tried again by an item of their own, once a day for the same
 * people, for as long as the inbox tries.
 */
async function askForMore(
  bridge: Bridge,
  { reference, people, sources }: Blueprint,
  unreached: readonly MatrixUserId[],
): Promise<void> {
  const { store, clock, enqueue } = bridge;
  await bridge.transact(async (tx) => {
    await store.roomMembers.lockDependencies(tx, 'storing');
    const all = new Set([...sources, ...people.dependencies]);
    const added = await store.roomMembers.saveDependencies(tx, reference, all);
    await store.rooms.saveConvergeAt(
      tx,
      reference,
      people.until === undefined ? undefined : new Date(people.until),
    );
    const changed = await changedMeanwhile({ db: tx, store, clock }, people);
    const items = changed.map((cause) => convergeItem(reference, cause));
    // In whose staff a role is that came meanwhile, only a search tells.
    if (added.some(isStaffOf)) items.push(convergeItem(reference, `staff ${clock.now().toISOString()}`));
    if (unreached.length > 0) {
      const today = clock.now().toISOString().slice(0, 10);
      items.push(requireInvitesItem(reference, `invite ${peopleDigest(unreached)} ${today}`));
    }
    await enqueue(tx, items);
  });
}

/** The rooms to which a room is linked as a bridged one and no longer should be; links that users made stay. */
export async function strayLinks(
  { store, db }: Bridge,
  actual: readonly ActualState[],
  type: 'm.space.child' | 'm.space.parent',
  wanted: readonly RoomId[],
): Promise<readonly RoomId[]> {
  const keep = new Set<string>(wanted);
  const others = actual
    .filter((event) => event.type === type && !isBlank(event) && !keep.has(event.state_key))
    .map((event) => event.state_key as RoomId);
  return others.length === 0 ? [] : store.rooms.findBridgedRooms(db, others);
}

function comparisonOf({ settings }: Bridge, members: Base): Comparison {
  return {
    bot: settings.bot,
    isOwn: (userId) => isOwnUser(settings, userId),
    ...members,
    policy: settings.membership,
  };
}

async function makeRoom(bridge: Bridge, desired: DesiredRoom, signal: AbortSignal): Promise<RoomId> {
  const { store, db, settings } = bridge;
  const { reference } = desired;
  const alias = aliasOf(reference, settings.serverName);
  const row: RoomRow = await store.rooms.reserveRoom(db, reference, alias);
  const roomId = await bridge.ensureRoom(
    {
      alias,
      generation: async () => (await store.rooms.findRoom(db, reference))?.generation ?? row.generation,
      marker: (generation) => roomMarker(reference, generation, settings.pseudonymizationKey),
      body: (marker) => createRoomBody(desired, { marker, bot: settings.bot }),
      drop: (discard) =>
        inTransaction(db, async (tx) => {
          // Locks the row until the commit: the alias is taken from a room by one replica at a time.
          await store.rooms.nextGeneration(tx, reference);
          await discard();
        }),
    },
    signal,
  );
  await store.rooms.saveRoomId(db, reference, roomId);
  bridge.metrics.roomsMade.inc({ kind: desired.kind });
  return roomId;
}

/** Not the inbox's transactions: those end after a pause of 5 s, and here the homeserver is asked in between. */
async function inTransaction(db: Pool, work: (tx: ClientBase) => Promise<void>): Promise<void> {
  const tx = await db.connect();
  const ignore = (): void => undefined; // a connection that breaks fails the statement at hand, which says so
  tx.on('error', ignore);
  let isCommitted = false;
  try {
    await tx.query('begin');
    await work(tx);
    await tx.query('commit');
    isCommitted = true;
  } finally {
    tx.off('error', ignore);
    tx.release(!isCommitted); // closing the connection rolls back
  }
}

async function applyChange(
  bridge: Bridge,
  { blueprint: { kind, subject } }: RoomPlan,
  roomId: RoomId,
  change: RoomChange,
  signal: AbortSignal,
): Promise<void> {
  const { homeserver, settings } = bridge;
  switch (change.kind) {
    case 'put-state':
      await homeserver.putState(change.as, roomId, change.event, signal);
      return;
    case 'invite':
      await inviteMember(bridge, { roomId, kind, subject }, change.userId, signal);
      return;
    case 'join':
      await homeserver.join(change.userId, roomId, signal);
      return;
    case 'leave':
      await homeserver.leave(change.userId, roomId, signal);
      return;
    case 'kick':
      await homeserver.kick(settings.bot, roomId, change.userId, signal);
      return;
  }
}
