// A person came into or left a bridged room by Matrix → the CareTeam or CommunicationRequest says so, by policy.
import { z } from 'zod';
import type { FhirResource } from '../../domain/fhir.ts';
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import { practitionerOf } from '../../mapping/identities.ts';
import type { Moment, Roster, Somebody } from '../../mapping/matrix-to-fhir/membership.ts';
import {
  isNamed,
  momentOf,
  namesGroups,
  rolesNamedBy,
  withMember,
  withoutMember,
} from '../../mapping/matrix-to-fhir/membership.ts';
import { suggestionTask } from '../../mapping/matrix-to-fhir/suggestion.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt, Outcome } from '../../inbox/item.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import { dependentsOf } from '../people/dependents.ts';
import type { StateChange } from './state-change.ts';
import { converging } from './state-change.ts';

const contentSchema = z.looseObject({ membership: z.enum(['join', 'leave', 'ban', 'invite', 'knock']) });

/** What an event did to whose membership, and where. */
interface Change {
  readonly event: StateChange;
  readonly userId: MatrixUserId;
  readonly room: RoomRow;
  readonly action: 'add' | 'remove';
  readonly somebody: Somebody;
  readonly moment: Moment;
}

/**
 * Handles `m.room.member` by someone who is not of the bridge. Of what is not carried, convergence takes note all the same:
 * who is in the room decides who may leave it, and who has which level.
 */
export async function membershipToFhir(
  bridge: Bridge,
  event: StateChange,
  room: RoomRow,
  attempt: Attempt,
): Promise<Outcome> {
  if (event.state_key === bridge.settings.bot) return botRemoved(bridge, room);
  const membership = contentSchema.safeParse(event.content).data?.membership;
  if (membership === undefined) return { kind: 'ignored', reason: 'malformed' };
  const outcome = await changeToFhir(bridge, event, { room, membership }, attempt);
  return outcome.kind === 'ignored'
    ? { ...converging(bridge, [room.reference], event), ...outcome }
    : outcome;
}

async function changeToFhir(
  bridge: Bridge,
  event: StateChange,
  { room, membership }: { readonly room: RoomRow; readonly membership: string },
  attempt: Attempt,
): Promise<Outcome> {
  const userId = event.state_key as MatrixUserId;
  if (membership === 'invite' || membership === 'knock') return { kind: 'ignored', reason: 'not-joined-yet' };
  // FHIR leads: convergence removes who came and brings back who went.
  if (bridge.settings.membership === 'ignore') return converging(bridge, [room.reference], event);
  const action = membership === 'join' ? 'add' : 'remove';
  const somebody =
    action === 'add'
      ? await personOf(bridge, userId)
      : await personWhoLeft(bridge, event, userId, attempt.signal);
  if (typeof somebody === 'string') return { kind: 'ignored', reason: somebody };
  const moment = momentOf(event.origin_server_ts, bridge.clock.now().getTime());
  return carry(bridge, { event, userId, room, action, somebody, moment }, attempt);
}

function botRemoved({ log }: Bridge, { reference }: RoomRow): Outcome {
  log.warn({ reference }, 'A user changed the membership of the bridge’s bot in a room');
  return { kind: 'ignored', reason: 'bot-membership' };
}

/** @returns the reason where nobody is known under this user id */
async function personOf({ store, db }: Bridge, userId: MatrixUserId): Promise<Somebody | 'unmapped-member'> {
  const reference = await store.people.findPersonByUserId(db, userId);
  if (reference === undefined) return 'unmapped-member';
  const all = await store.personAccounts.findPeopleByUserId(db, userId);
  return { reference, all: new Set([reference, ...all]) };
}

/** Whoever moved to another account, which is in the room or invited, has not left when the old account does. */
async function personWhoLeft(
  bridge: Bridge,
  event: StateChange,
  userId: MatrixUserId,
  signal: AbortSignal,
): Promise<Somebody | 'unmapped-member' | 'moved'> {
  const { store, db } = bridge;
  const somebody = await personOf(bridge, userId);
  if (typeof somebody === 'string') return somebody;
  const moved = await store.personAccounts.findMovedPeople(db, userId);
  for (const present of new Set(moved.map((person) => person.userId))) {
    if (isPresent(await membershipOf(bridge, event, present, signal))) return 'moved';
  }
  return { ...somebody, all: new Set([...somebody.all, ...moved.map(({ reference }) => reference)]) };
}

async function carry(bridge: Bridge, change: Change, attempt: Attempt): Promise<Outcome> {
  const { room, event, action, moment } = change;
  const roster = await bridge.fhir.read(room.reference, attempt.signal);
  if (roster === undefined || !isRoster(roster)) return { kind: 'ignored', reason: 'gone' };
  if (roster.status === 'entered-in-error') return { kind: 'ignored', reason: 'status' };
  const somebody = await withRoles(bridge, change.somebody, roster, attempt.signal);
  const isAgreedOn = await wasAgreedOn(bridge, change, attempt.signal);
  // They followed the bridge's own invitation; if FHIR has dropped them since, joining does not bring them back.
  if (action === 'add' && isAgreedOn) return converging(bridge, [room.reference], event);
  // Of people in teams within the team, the last convergence knows.
  const isIndirect = isAgreedOn && namesGroups(roster, moment.now);
  const updated =
    action === 'remove' ? withoutMember(roster, somebody, moment) : withMember(roster, somebody, moment);
  if (updated === undefined) {
    // An account joined whose person FHIR has in the room: one they had before can leave now.
    if (action === 'add') return converging(bridge, [room.reference], event);
    const isKept = isIndirect || isNamed(roster, somebody, moment.now);
    return { kind: 'ignored', reason: isKept ? 'not-expressible' : 'not-a-member' };
  }
  // The room may have gone on since: only what still holds is carried, and what came after has an event of its own.
  const isThere = isPresent(await membershipOf(bridge, event, change.userId, attempt.signal));
  if (isThere !== (action === 'add')) return { kind: 'ignored', reason: 'superseded' };
  return bridge.settings.membership === 'suggest'
    ? suggest(bridge, change, roster, attempt)
    : write(bridge, change, { ...updated, id: roster.id, meta: roster.meta }, attempt.signal);
}

/** A resource names people by their roles as well: those that it names and this person holds mean them too. */
async function withRoles(
  { fhir }: Bridge,
  somebody: Somebody,
  roster: Roster,
  signal: AbortSignal,
): Promise<Somebody> {
  const roles = rolesNamedBy(roster).filter((reference) => !somebody.all.has(reference));
  if (roles.length === 0) return somebody;
  const found = await fhir.readMany(roles, signal);
  const isTheirs = (reference: FhirReference): boolean => {
    const role = found.get(reference);
    const holder = role?.resourceType === 'PractitionerRole' ? practitionerOf(role) : undefined;
    return holder !== undefined && somebody.all.has(holder);
  };
  return { ...somebody, all: new Set([...somebody.all, ...roles.filter(isTheirs)]) };
}

/**
 * Whether they were a member at the last convergence. One that invited them may be under way: it is waited for, or whoever
 * accepts at once would seem to have come by themselves, and stay when the team by which they came drops them.
 */
async function wasAgreedOn(
  { store, db, roomLock }: Bridge,
  { room: { reference }, action, userId }: Change,
  signal: AbortSignal,
): Promise<boolean> {
  const look = async (): Promise<boolean> => (await store.roomMembers.readBase(db, reference)).has(userId);
  return (await look()) || (action === 'add' && (await roomLock(reference, signal, look)));
}

/** Who counts on the team is asked for as well: the bridge's own write asks for nobody's convergence. */
async function write(
  bridge: Bridge,
  { room: { reference }, event, action, userId }: Change,
  roster: StoredResource<Roster>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { store, db } = bridge;
  // Under the lock: a convergence that read FHIR before this write would put them back into the base after it.
  const version = await bridge.roomLock(reference, signal, async () => {
    const written = await bridge.fhir.update(roster, signal);
    if (action === 'remove') await store.roomMembers.removeFromBase(db, reference, userId);
    return written;
  });
  await bridge.transact(async (tx) => {
    const dependents = await dependentsOf(store, tx, [reference]);
    await store.resourceVersions.recordWritten(tx, version);
    const rooms = [...new Set([reference, ...dependents])];
    await bridge.enqueue(
      tx,
      rooms.map((room) => convergeItem(room, event.event_id)),
    );
  });
  return { kind: 'done' };
}

async function suggest(
  bridge: Bridge,
  { event, room, action, somebody, moment }: Change,
  roster: Roster,
  attempt: Attempt,
): Promise<Outcome> {
  const task = suggestionTask(event, {
    action,
    focus: room.reference,
    member: somebody.reference,
    subject: roster.subject?.reference,
    requester: await bridge.store.people.findPersonByUserId(bridge.db, event.sender),
    at: moment.at,
  });
  await bridge.fhir.createOnce(task, {
    mayExist: attempt.number > 1 || attempt.inDoubt,
    signal: attempt.signal,
  });
  return { kind: 'done' };
}

async function membershipOf(
  { homeserver, settings }: Bridge,
  { room_id }: StateChange,
  userId: MatrixUserId,
  signal: AbortSignal,
): Promise<unknown> {
  const key = { type: 'm.room.member', state_key: userId };
  return (await homeserver.stateEvent(settings.bot, room_id, key, signal))?.['membership'];
}

function isPresent(membership: unknown): boolean {
  return membership === 'join' || membership === 'invite';
}

function isRoster(resource: StoredResource): resource is StoredResource<Roster & FhirResource> {
  return resource.resourceType === 'CareTeam' || resource.resourceType === 'CommunicationRequest';
}
