// The statements that run for each event, each resource or every few seconds: none reads a whole table, however large it has become.
import { expect, test } from 'vitest';
import type { Dependency, FhirReference, MatrixUserId } from '../../src/domain/ids.ts';
import { forgetPayload } from '../../src/inbox/forget-payload.ts';
import {
  createHasItem,
  findBusyLanes,
  findLogged,
  hasUnhandled,
  knownSourceIds,
} from '../../src/inbox/known-items.ts';
import { pruneItems } from '../../src/inbox/prune-items.ts';
import { pruneLanes } from '../../src/inbox/prune-lanes.ts';
import { readLanesStats, readQueueStats } from '../../src/inbox/queue-stats.ts';
import type { Queryable } from '../../src/store/database.ts';
import { prune, PRUNINGS } from '../../src/store/prunings.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { eventId, roomId, userId } from '../builders/matrix.ts';
import { plainPayloads, tables as store } from '../builders/payloads.ts';

const pool = useBridgeDatabase();
const ROWS = 20_000;

/** Rows of a bridge that has worked for long. `n` is the number of the row. */
const FILLED: Readonly<Record<string, string>> = {
  lane: `(key, tail, head) select 'to-matrix:CommunicationRequest/' || n, 1, 1`,
  item: `(lane_id, position, source, source_id, payload) select n, 1, 'matrix.event', '$' || n, '{}'`,
  room: `(reference, alias, room_id, subject, care_team, converge_at)
    select 'CommunicationRequest/' || n, '', '!' || n, 'Patient/' || n, 'CareTeam/' || n, now() + interval '1 day'`,
  room_member: `(reference, user_id, person) select 'CommunicationRequest/' || n, '@' || n, 'Patient/' || n`,
  room_dependency: `(reference, depends_on) select 'CommunicationRequest/' || n, 'Patient/' || n`,
  person: `(reference, user_id, kind, source, claimed_user_id, stored_user_id)
    select 'Patient/' || n, '@' || n, 'user', 'telecom', '@' || n, case when n % 100 = 0 then '@' || n end`,
  former_account: `(reference, user_id) select 'Patient/' || n, '@former' || n`,
  ghost: `(user_id) select '@' || n`,
  former_room: `(room_id, reference, replacement_room_id) select '!former' || n, 'CommunicationRequest/' || n, '!' || n`,
  adopted_room: `(room_id, care_team, listed_by) select '!adopted' || n, 'CareTeam/' || n, '@' || n`,
  invitation: `(room_id, user_id, event_id, inviter, subject, request)
    select '!invited' || n, '@' || n, '$' || n, '@' || n, 'Patient/' || n, 'CommunicationRequest/i' || n`,
  message_link: `(origin, cause, kind, communication, event_id, room_id, target, completed_at)
    select 'fhir', 'Communication/' || n, 'text', 'Communication/' || n, '$' || n, '!' || n,
      case when n % 10 = 0 then '$' || (n - 1) end, now()`,
  waiting_item: `(waits_for, about, lane, payload) select 'CommunicationRequest/w' || n, 'Communication/' || n, '', '{}'`,
  resource_version: `(reference, version_id, last_updated, origin)
    select case when n % 10 = 0 then 'Patient/' else 'Communication/' end || n, '1', now() - n * interval '1 ms', 'read'`,
  notice: `(room_id, user_id, reason) select '!' || n, '@' || n, 'unmapped-sender'`,
  untold_message: `(event_id, reason, room_id, user_id) select '$' || n, 'not-filed', '!' || n, '@' || n`,
  reported_failure: `(message, reason) select 'Communication/' || n, 'no-content'`,
  file_copy: `(id) select n::text`,
  receipt: `(room_id, user_id, event_id, read_at) select '!' || n, '@' || n, '$' || n, now()`,
  read_position: `(conversation, person, event_id, read_at)
    select 'CommunicationRequest/' || n, 'Patient/' || n, '$' || n, now()`,
  stranger: `(reference, user_id, seen_at) select 'CommunicationRequest/' || n, '@s' || n, now()`,
  picture: `(digest, url) select n::text, ''`,
};

async function fill(): Promise<void> {
  for (const [table, columns] of Object.entries(FILLED))
    await pool().query(`insert into ${table} ${columns} from generate_series(1, ${ROWS}) as n`);
  await pool().query('analyze');
}

/** How PostgreSQL would run the statements of some work, each of which finds nothing. */
async function plansOf(work: (db: Queryable) => Promise<unknown>): Promise<string> {
  const plans: string[] = [];
  const query = async (sql: string, values: unknown[] = []): Promise<unknown> => {
    const { rows } = await pool().query<{ 'QUERY PLAN': string }>(`explain ${sql}`, values);
    plans.push(...rows.map((row) => row['QUERY PLAN']));
    return { rows: [], rowCount: 0 };
  };
  await work({ query: query as Queryable['query'] });
  return plans.join('\n');
}

const COMMUNICATION = ref('Communication/7');
const REQUEST = ref('CommunicationRequest/7');
const PATIENT = ref('Patient/7');
const TEAM = ref('CareTeam/7');
const [EVENT, ROOM, USER] = [eventId('$7'), roomId('!7'), userId('@7')];
const LANE = 'to-matrix:CommunicationRequest/7';
const DEPENDENCIES: readonly Dependency[] = [PATIENT];
const PEOPLE: readonly FhirReference[] = [PATIENT];
const USERS: readonly MatrixUserId[] = [USER];

/** What runs for each event, each resource, each message or every few seconds. */
const HOT: Readonly<Record<string, (db: Queryable) => Promise<unknown>>> = {
  'known events': (db) => knownSourceIds(db, 'matrix.event', [EVENT]),
  'whether a lane has unhandled items': (db) => hasUnhandled(db, { lane: LANE, source: 'waited' }),
  'whether a lane has such an item': (db) =>
    createHasItem(plainPayloads)(db, { lane: LANE, source: 'matrix.event' }, () => false),
  'where events stand': (db) => findLogged(db, 'matrix.event', [EVENT]),
  'a payload that is forgotten': (db) => forgetPayload(db, 'matrix.event', EVENT),
  'the figures of the queue': async (db) => {
    await readQueueStats(db).catch(() => undefined);
    await readLanesStats(db, 'write-audit:');
  },
  'what a room is': async (db) => {
    await store.roomUses.findRoomUse(db, ROOM);
    await store.roomUses.findServed(db, [ROOM]);
    await findBusyLanes(db, [LANE]);
  },
  'rooms of the bridge': (db) => store.rooms.findBridgedRooms(db, [ROOM]),
  'rooms that are due': async (db) => {
    await store.rooms.takeDueRooms(db, new Date(0), 10);
    await store.rooms.nextConvergeAt(db);
  },
  'conversations in no space': (db) => store.rooms.findUnlinkedConversations(db, PATIENT),
  'conversations of a team': async (db) => {
    await store.rooms.findChildRooms(db, TEAM);
    await store.rooms.findKeptClosed(db, TEAM);
    await store.rooms.findConversationsIn(db, TEAM);
    await store.formerRooms.findLinked(db, TEAM);
  },
  'rooms after one, to compare them': (db) => store.restoredRooms.findRoomsAfter(db, REQUEST, 10),
  'rooms that lost their resource': (db) => store.roomResources.countGone(db),
  'rooms that are adopted': (db) => store.adoptedRooms.findAdoptedByOthers(db, TEAM, [ROOM]),
  'conversations of others': async (db) => {
    await store.invitations.findReceived(db, REQUEST);
    await store.invitations.findReceivedIn(db, ROOM);
    await store.invitations.isOfOthers(db, ROOM);
  },
  'dependents of a person': async (db) => {
    await store.roomMembers.findDependents(db, DEPENDENCIES);
    await store.roomMembers.findDependedOn(db, DEPENDENCIES);
    await store.roomMembers.findMember(db, REQUEST, USER);
  },
  'people of concern': async (db) => {
    await store.people.findRecorded(db, PEOPLE);
    await store.people.findKnownAccounts(db, USERS);
    await store.people.findPeople(db, PEOPLE);
  },
  'whose an account is': async (db) => {
    await store.people.findBearers(db, USERS);
    await store.people.findPersonByUserId(db, USER);
    await store.people.findPersonOfGhost(db, USER);
    await store.people.findKnownUsers(db, USERS);
  },
  'people who moved to another account': (db) => store.people.findMovedPeople(db, USER),
  'links of a message': async (db) => {
    await store.messageLinks.findLinks(db, { eventIds: [EVENT] });
    await store.messageLinks.findLinks(db, { communications: [COMMUNICATION] });
    await store.messageLinks.findLinksOfCommunication(db, COMMUNICATION, EVENT);
    await store.messageLinks.findSenderless(db, ROOM, [EVENT]);
    await store.messageLinks.findLinked(db, [COMMUNICATION], [EVENT]);
    await store.formerLinks.findSince(db, COMMUNICATION);
    await store.formerLinks.wasCompleted(db, COMMUNICATION);
  },
  'conversations of Communications': (db) => store.messageLinks.findConversations(db, [COMMUNICATION]),
  'a call that two events tell of': (db) =>
    store.messageLinks.wasSaidNear(
      db,
      { roomId: ROOM, kind: 'call', sender: USER, sentAt: new Date(0), eventId: EVENT },
      1_000,
    ),
  'the latest links of a room': (db) => store.lostLinks.findLatestIn(db, ROOM, undefined, 10),
  'the messages of a conversation': async (db) => {
    await store.conversationMessages.findMessages(db, { eventIds: [EVENT] });
    await store.conversationMessages.findLastMessages(db, REQUEST, 10);
  },
  'what waits': async (db) => {
    await store.waitingItems.takeWaiting(db, [REQUEST]);
    await store.waitingItems.takeOverdue(db, new Date(0), 10);
    await store.waitingItems.isAwaitedByOthers(db, REQUEST, COMMUNICATION);
    await store.waitingItems.findHeld(db, [COMMUNICATION]);
    await store.waitingItems.findWaiting(db, [COMMUNICATION]);
  },
  'senders that are waited for': (db) => store.waitingItems.findKnownSenders(db),
  'the last version of a type': (db) => store.resourceVersions.findLast(db, 'CareTeam'),
  'the newest versions': (db) =>
    store.resourceVersions.findNewest(db, ['CareTeam', 'Patient', 'Communication'], 3),
  'whether a version is known': async (db) => {
    await store.resourceVersions.wasWritten(db, COMMUNICATION, '1');
    await store.resourceVersions.findNewerThan(db, new Map([[COMMUNICATION, undefined]]));
  },
  'versions that are forgotten': (db) =>
    store.resourceVersions.forgetVersionsBefore(db, 'Patient', '2000-01-01T00:00:00Z'),
  'what was told': async (db) => {
    await store.notices.lastSaid(db, { roomId: ROOM, about: USER, reason: 'unmapped-sender' });
    await store.reportedFailures.findFailureTask(db, COMMUNICATION);
    const untold = { roomId: ROOM, about: USER, reason: 'not-filed', eventId: EVENT } as const;
    await store.untoldMessages.gatherUntold(db, untold);
    await store.untoldMessages.forgetTold(db, untold);
  },
  'what was read': async (db) => {
    await store.receipts.findReceipts(db, ROOM, USER);
    await store.readPositions.findReadPositions(db, REQUEST);
  },
  'what is pruned every hour': async (db) => {
    const large = ['message_link', 'notice', 'read_position', 'reported_failure', 'resource_version'];
    for (const pruning of PRUNINGS.filter(({ table }) => large.includes(table)))
      await prune(db, pruning, new Date(0), 1_000);
    await pruneItems(db, new Date(0), 1_000);
    await pruneLanes(db, { after: '0', batch: 1_000 }).catch(() => undefined);
  },
  'strangers of a room': (db) => store.strangers.readStrangers(db, REQUEST, USERS),
};

test('no statement of a hot path reads a whole table', async () => {
  await fill();
  const wholeTable = new RegExp(`Seq Scan on (?:${Object.keys(FILLED).join('|')})\\b`);
  const scans: Record<string, string> = {};
  for (const [what, work] of Object.entries(HOT)) {
    const plans = await plansOf(work);
    if (wholeTable.test(plans)) scans[what] = plans;
  }
  expect(scans).toEqual({});
});
