// A person came into or left a bridged room by Matrix → the CareTeam or CommunicationRequest says so, by policy.
import { z } from 'zod';
import type { Fact } from '../../domain/facts.ts';
import { typeOf, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import { practitionerOf } from '../../mapping/identities.ts';
import { cameByJoinRule } from '../../mapping/join-rules.ts';
import type {
  MembershipDecision,
  MembershipFacts,
  MissingFact,
} from '../../mapping/matrix-to-fhir/membership-decision.ts';
import { decideMembership } from '../../mapping/matrix-to-fhir/membership-decision.ts';
import type { Moment, PersonReference, Roster } from '../../mapping/matrix-to-fhir/membership.ts';
import { isRoster, momentOf, rolesNamedBy, wantedBy } from '../../mapping/matrix-to-fhir/membership.ts';
import { suggestionTask } from '../../mapping/matrix-to-fhir/suggestion.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem, convergeItems } from '../items/converge.ts';
import type { FlowOutcome } from '../outcome.ts';
import { expandPeople } from '../people/expand-people.ts';
import { recordOwnWrite } from '../people/own-write.ts';
import { createReadSet } from '../people/read-set.ts';
import { personOf, whoIs } from '../people/who-is.ts';
import { factsOfState } from './room-facts.ts';
import type { StateChange } from './state-change.ts';
import { undoInvitation } from './undo-invitation.ts';

const contentSchema = z.looseObject({ membership: z.enum(['join', 'leave', 'ban', 'invite', 'knock']) });

/** An event about a membership, and where it happened. */
interface Change {
  readonly event: StateChange;
  readonly userId: MatrixUserId;
  readonly room: RoomRow;
  readonly moment: Moment;
}
type StoredRoster = StoredResource & Roster;
type Decision = Exclude<MembershipDecision<StoredRoster>, { kind: 'ask' }>;
type Carried = Extract<Decision, { kind: 'write' | 'suggest' }>;

/**
 * Handles `m.room.member` by someone who is not of the bridge. Of what is not carried, convergence takes note all the same:
 * who is in the room decides who may leave it, and who has which level.
 */
export async function membershipToFhir(
  bridge: Bridge,
  event: StateChange,
  room: RoomRow,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { settings, log, clock } = bridge;
  if (event.state_key === settings.bot) {
    log.warn({ reference: room.reference }, 'A user changed the membership of the bridge’s bot in a room');
    return { kind: 'ignored', reason: 'bot-membership' };
  }
  const membership = contentSchema.safeParse(event.content).data?.membership;
  if (membership === undefined) return { kind: 'ignored', reason: 'malformed' };
  const undone =
    membership === 'invite' ? await undoInvitation(bridge, event, room, attempt.signal) : undefined;
  if (undone !== undefined) return undone;
  const concerned = await openConversations(bridge, { event, room, membership });
  const nextInSpace = convergeItems(concerned, event.event_id);
  const next = [convergeItem(room.reference, event.event_id), ...nextInSpace];
  const moment = momentOf(event.origin_server_ts, clock.now().getTime());
  const change = { event, userId: event.state_key as MatrixUserId, room, moment };
  const decision = await decide(bridge, change, membership, attempt.signal);
  if (decision.kind === 'write') return write(bridge, change, decision, attempt.signal);
  const { reference, subject } = room;
  const facts = await factsOfState(bridge, event, { on: { reference }, subject }, attempt.signal);
  switch (decision.kind) {
    case 'ignore':
      return { kind: 'ignored', reason: decision.reason, next, facts };
    case 'suggest':
      return { ...(await suggest(bridge, change, decision, { attempt, facts })), next: nextInSpace };
    case 'converge':
      return { kind: 'done', next, facts };
    case 'forget':
      await forget(bridge, change, attempt.signal);
      return { kind: 'ignored', reason: 'not-a-member', next, facts };
  }
}

/**
 * The conversations that a stranger could join who is let into their team's space, or that may be open again once they are gone;
 * and those to which a member who leaves the space has to be invited from now on.
 */
async function openConversations(
  { store, db, settings }: Pick<Bridge, 'db' | 'settings' | 'store'>,
  {
    event,
    room: { reference },
    membership,
  }: Pick<Change, 'event' | 'room'> & { readonly membership: MembershipFacts['membership'] },
): Promise<readonly FhirReference[]> {
  if (!settings.joinThroughSpace || typeOf(reference) !== 'CareTeam') return [];
  const { base } = await store.roomMembers.readMembers(db, reference);
  const isComing = membership === 'invite' || membership === 'join';
  return isComing && base.has(event.state_key) ? [] : store.rooms.findConversationsIn(db, reference);
}

/** Finds out what the decision asks for, until it is made. */
async function decide(
  bridge: Bridge,
  change: Change,
  membership: MembershipFacts['membership'],
  signal: AbortSignal,
): Promise<Decision> {
  const { moment } = change;
  const isByJoinRule = change.room.madeBy === 'bridge' && cameByJoinRule(change.event.content);
  const { membership: policy, profile } = bridge.settings;
  let known: MembershipFacts<StoredRoster> = { policy, profile, membership, moment, isByJoinRule };
  for (;;) {
    const decision = decideMembership(known);
    if (decision.kind !== 'ask') return decision;
    known = { ...known, ...(await findOut(bridge, change, known, decision.fact, signal)) };
  }
}

async function findOut(
  bridge: Bridge,
  change: Change,
  { membership, person, roster }: MembershipFacts,
  fact: MissingFact,
  signal: AbortSignal,
): Promise<Partial<MembershipFacts<StoredRoster>>> {
  switch (fact) {
    case 'person':
      return membership === 'join'
        ? { person: await bearerIn(bridge, change, signal) }
        : { person: await personWhoLeft(bridge, change, signal) };
    case 'roster': {
      const read = await bridge.fhir.read(change.room.reference, signal);
      if (read === undefined || !isRoster(read)) return { roster: 'gone' };
      if (person === undefined || typeof person === 'string') return { roster: read };
      return { roster: read, person: await withRoles(bridge, person, rolesNamedBy(read), signal) };
    }
    case 'isInGroup':
      return { isInGroup: await isInGroup(bridge, person, roster, signal) };
    case 'isAgreedOn':
      return { isAgreedOn: await wasAgreedOn(bridge, change, membership, signal) };
    case 'isPresent':
      return { isPresent: await isInRoom(bridge, change, change.userId, signal) };
  }
}

async function bearerIn(
  bridge: Bridge,
  { userId, room }: Change,
  signal: AbortSignal,
): Promise<PersonReference | 'unmapped-member'> {
  const whose = await whoIs(bridge, userId, room.reference, signal);
  return whose.kind === 'person' ? { reference: whose.person, all: whose.all } : 'unmapped-member';
}

/** A person who moved to another account, which is in the room or invited, has not left when the old account does. */
async function personWhoLeft(
  bridge: Bridge,
  change: Change,
  signal: AbortSignal,
): Promise<PersonReference | 'unmapped-member' | 'moved'> {
  const { store, db } = bridge;
  const moved = await store.people.findMovedPeople(db, change.userId);
  for (const present of new Set(moved.map(({ userId }) => userId))) {
    if (await isInRoom(bridge, change, present, signal)) return 'moved';
  }
  return bearerIn(bridge, change, signal);
}

/** Resources name people by their roles as well: those of these roles that this person holds mean them too. */
async function withRoles(
  { fhir }: Pick<Bridge, 'fhir'>,
  person: PersonReference,
  named: readonly FhirReference[],
  signal: AbortSignal,
): Promise<PersonReference> {
  const roles = named.filter((reference) => !person.all.has(reference));
  if (roles.length === 0) return person;
  const found = await fhir.readMany(roles, signal);
  const isTheirs = (reference: FhirReference): boolean => {
    const role = found.get(reference);
    const holder = role?.resourceType === 'PractitionerRole' ? practitionerOf(role) : undefined;
    return holder !== undefined && person.all.has(holder);
  };
  return { ...person, all: new Set([...person.all, ...roles.filter(isTheirs)]) };
}

async function isInGroup(
  bridge: Bridge,
  person: MembershipFacts['person'],
  roster: MembershipFacts['roster'],
  signal: AbortSignal,
): Promise<boolean> {
  if (typeof person !== 'object' || typeof roster !== 'object') return false;
  const at = bridge.clock.now().getTime();
  const reads = createReadSet(bridge.fhir, signal);
  const { log, settings } = bridge;
  const { named } = await expandPeople({ reads, at, log, settings }, wantedBy(roster, at));
  const isRole = (reference: FhirReference): boolean => reference.startsWith('PractitionerRole/');
  const { all } = await withRoles(bridge, person, [...named.keys()].filter(isRole), signal);
  return [...named.keys()].some((reference) => all.has(reference));
}

/**
 * Whether they were a member at the last convergence. One that invited them may be under way: it is waited for, or a person
 * who accepts at once would seem to have come by themselves, and stay when the team by which they came drops them.
 */
async function wasAgreedOn(
  { store, db, roomLock }: Bridge,
  { room: { reference }, userId }: Change,
  membership: MembershipFacts['membership'],
  signal: AbortSignal,
): Promise<boolean> {
  const look = async (): Promise<boolean> =>
    (await store.roomMembers.readMembers(db, reference)).base.has(userId);
  return (await look()) || (membership === 'join' && (await roomLock(reference, signal, look)));
}

/** As `write` does after its own write; one that ended before this is made good here. */
async function forget(
  { store, db, roomLock }: Bridge,
  { room: { reference }, userId }: Change,
  signal: AbortSignal,
): Promise<void> {
  await roomLock(reference, signal, () => store.roomMembers.removeFromBase(db, reference, userId));
}

/** Rooms that count on the team are looked at as well: the bridge's own write asks for no convergence. */
async function write(
  bridge: Bridge,
  { room, event, userId }: Change,
  { action, before, after }: Carried,
  signal: AbortSignal,
): Promise<FlowOutcome> {
  const { store, db, fhir, roomLock } = bridge;
  const { reference } = room;
  // Under the lock: a convergence that read FHIR before this write would put them back into the base after it.
  const written = await roomLock(reference, signal, async () => {
    const version = await fhir.update({ ...after, id: before.id, meta: before.meta }, signal);
    if (action === 'remove') await store.roomMembers.removeFromBase(db, reference, userId);
    return version;
  });
  const on = { reference, versionId: written.versionId };
  return {
    kind: 'done',
    next: (tx) => recordOwnWrite(store, tx, written),
    facts: await factsOfState(bridge, event, { on, subject: room.subject }, signal),
  };
}

async function suggest(
  bridge: Bridge,
  { event, room, moment }: Change,
  { action, person, before }: Carried,
  { attempt: { signal }, facts }: { readonly attempt: Attempt; readonly facts: readonly Fact[] },
): Promise<Exclude<FlowOutcome, { kind: 'later' }>> {
  const { fhir, settings } = bridge;
  const requester = await personOf(bridge, event.sender, room.reference, signal);
  const suggestion = {
    ...{ action, requester, focus: room.reference, member: person.reference },
    ...{ subject: before.subject, at: moment.at },
  };
  const task = suggestionTask(event, suggestion, settings.profile);
  if (task === undefined) return { kind: 'ignored', reason: 'not-expressible', facts };
  const { reference, versionId } = await fhir.createOnce(task, { mayExist: true, signal });
  const by = { userId: event.sender, person: requester };
  const written: Fact = {
    kind: 'resource-created',
    ...{ by, on: { reference, versionId }, subject: room.subject, at: event.origin_server_ts },
  };
  return { kind: 'done', facts: [...facts, written] };
}

async function isInRoom(
  { homeserver, settings }: Bridge,
  { event }: Change,
  userId: MatrixUserId,
  signal: AbortSignal,
): Promise<boolean> {
  const key = { type: 'm.room.member', state_key: userId };
  const content = await homeserver.stateEvent(settings.bot, event.room_id, key, signal);
  return content?.['membership'] === 'join' || content?.['membership'] === 'invite';
}
