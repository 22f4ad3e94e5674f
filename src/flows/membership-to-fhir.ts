// A person came into or left a bridged room by Matrix → the CareTeam or CommunicationRequest says so, by policy.
import { z } from 'zod';
import type { FhirResource } from '../domain/fhir.ts';
import type { MatrixUserId } from '../domain/ids.ts';
import type { Moment, Roster, Somebody } from '../mapping/matrix-to-fhir/membership.ts';
import {
  isNamed,
  momentOf,
  namesGroups,
  withMember,
  withoutMember,
} from '../mapping/matrix-to-fhir/membership.ts';
import { suggestionTask } from '../mapping/matrix-to-fhir/suggestion.ts';
import type { StoredResource } from '../fhir/server.ts';
import type { Attempt, Outcome } from '../inbox/item.ts';
import type { RoomRow } from '../store/rooms.ts';
import type { Bridge } from './bridge.ts';
import { convergeItem } from './converge-item.ts';
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

/** Handles `m.room.member` by someone who is not of the bridge. */
export async function membershipToFhir(
  bridge: Bridge,
  event: StateChange,
  room: RoomRow,
  attempt: Attempt,
): Promise<Outcome> {
  const userId = event.state_key as MatrixUserId;
  const membership = contentSchema.safeParse(event.content).data?.membership;
  if (membership === undefined) return { kind: 'ignored', reason: 'malformed' };
  if (userId === bridge.settings.bot) return botRemoved(bridge, room);
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
  const { room, event, action, somebody, moment } = change;
  const roster = await bridge.fhir.read(room.reference, attempt.signal);
  if (roster === undefined || !isRoster(roster)) return { kind: 'ignored', reason: 'gone' };
  if (roster.status === 'entered-in-error') return { kind: 'ignored', reason: 'status' };
  const { store, db } = bridge;
  const isAgreedOn = (await store.roomMembers.readBase(db, room.reference)).has(change.userId);
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

async function write(
  bridge: Bridge,
  { room, event, action, userId }: Change,
  roster: StoredResource<Roster>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { store, db } = bridge;
  const version = await bridge.fhir.update(roster, signal);
  // Rooms into which the team counts, whose convergence the bridge's own write does not ask for.
  const dependents = await store.roomMembers.findDependents(db, [room.reference]);
  const converge = new Set([room.reference, ...dependents]);
  return {
    kind: 'done',
    record: async (tx) => {
      await store.resourceVersions.recordWritten(tx, version);
      if (action === 'remove') await store.roomMembers.removeFromBase(tx, room.reference, userId);
      await bridge.enqueue(
        tx,
        [...converge].map((reference) => convergeItem(reference, event.event_id)),
      );
    },
  };
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
