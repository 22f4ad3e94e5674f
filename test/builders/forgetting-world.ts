// A person whom the bridge knows well, on the real tables, and a homeserver in memory that shows two rooms: for forgetting them.
import type pg from 'pg';
import type { FhirReference, MatrixUserId, RoomId } from '../../src/domain/ids.ts';
import type { MatrixEvent } from '../../src/domain/matrix.ts';
import type { Bridge } from '../../src/flows/bridge.ts';
import { beginForgetting } from '../../src/flows/forgetting/begin.ts';
import { forgetPerson } from '../../src/flows/forgetting/forget-person.ts';
import { forgetRoom } from '../../src/flows/forgetting/forget-room.ts';
import { roomsOf, whomOf } from '../../src/flows/forgetting/whom.ts';
import { forgetPersonItemSchema, forgetRoomItemSchema } from '../../src/flows/items/forget-room.ts';
import { MatrixRefusal } from '../../src/matrix/client.ts';
import { saveIdentityRecords } from '../../src/store/identity-records.ts';
import { plainPayloads, storing, tables } from './payloads.ts';
import { ATTEMPT, createBridge, settle, SETTINGS, unreachableFhir, unreachableHomeserver } from './bridge.ts';
import { ref, stored } from './fhir.ts';
import { BOT, eventId, message, roomId, userId } from './matrix.ts';
import { ghostIdOf } from '../../src/flows/people/desired-ghost.ts';

export const NAME = 'Jan Stormvogel';
export const EMAIL = 'stormvogel@post.example';
export const OWN = userId('@jan:example.org');
export const PERSON = ref('Patient/7');
export const GHOST = ghostIdOf(SETTINGS, PERSON);
export const REQUEST = ref('CommunicationRequest/1');
export const ROOM = roomId('!own:example.org');
export const LEFT = roomId('!left:example.org');
export const FOREIGN = roomId('!foreign:other.example');
const JAN = { name: [{ text: NAME }], telecom: [{ system: 'email', value: EMAIL }] };
const never = new AbortController().signal;

/** What a faulty run breaks off with. */
export class Killed extends Error {}

/** When a process dies: after its nth request to the homeserver, of which nobody has heard the answer; or instead of its nth commit. */
export interface Fault {
  readonly at: number;
  readonly what: 'request' | 'commit';
}

export function createForgettingWorld(db: pg.Pool, fault?: Fault, payloads = plainPayloads) {
  const matrix = createMatrix(fault);
  let commits = 0;
  const whole = createBridge(db, {
    ...storing(payloads),
    homeserver: matrix.homeserver,
    fhir: {
      ...unreachableFhir,
      readMany: () => Promise.resolve(new Map([[PERSON, stored(PERSON, '1', '2026-11-21T12:00:00Z', JAN)]])),
    },
  });
  const bridge: Bridge = {
    ...whole,
    transact: (work) =>
      whole.transact(async (tx) => {
        const result = await work(tx);
        commits += 1;
        if (fault?.what === 'commit' && commits === fault.at) throw new Killed();
        return result;
      }),
  };
  const handled = new Set<string>();

  /** The command. */
  async function order(redacts = true, named: FhirReference | MatrixUserId = PERSON): Promise<void> {
    const whom = await whomOf(bridge, named, never);
    const command = { cause: `person forget ${commits}`, by: { operator: 'root' }, redacts };
    await beginForgetting(bridge, whom, await roomsOf(bridge, whom, never), command);
  }

  /**
   * The running bridge: handles what the command stored, until there is no more, or it still has to wait after some looks.
   * @returns how the last ended
   */
  async function work(): Promise<string> {
    let looks = 0;
    for (let last = 'nothing'; ;) {
      const { rows } = await db.query<{ source: string; source_id: string; payload: unknown }>(
        `select source, source_id, payload from item where source like 'forget-%' order by received_at, position`,
      );
      const next = rows.find(({ source_id: id }) => !handled.has(id));
      if (next === undefined || looks === 3) return last;
      const payload = payloads.decode(['item', next.source, next.source_id], next.payload);
      const room = forgetRoomItemSchema.safeParse(payload).data;
      const person = forgetPersonItemSchema.safeParse(payload).data;
      if (room) last = await settle(bridge, await forgetRoom(bridge, room, ATTEMPT));
      if (person) last = await settle(bridge, await forgetPerson(bridge, person, ATTEMPT));
      if (last.startsWith('later')) looks += 1;
      else handled.add(next.source_id);
    }
  }

  return { bridge, matrix, order, work, commits: () => commits };
}

/** Rows of the person in the tables, in some beside rows of another. */
export async function knowPerson(db: pg.Pool): Promise<void> {
  const others = userId('@els:example.org');
  const { people, ghosts, rooms, messageLinks, roomMembers, notices, readPositions } = tables;
  const whose = { source: 'stored', kind: 'user' } as const;
  await people.savePeople(db, [
    { reference: PERSON, userId: OWN, kind: 'user', source: 'telecom', claimedUserId: OWN },
    { reference: ref('Patient/77'), userId: others, ...whose },
  ]);
  await people.savePeople(db, [{ reference: PERSON, userId: GHOST, kind: 'ghost', source: 'ghost' }]);
  await people.linkPerson(db, PERSON, OWN);
  await ghosts.saveGhost(db, GHOST);
  await ghosts.saveGhostName(db, GHOST, NAME);
  await rooms.reserveRoom(db, REQUEST, '#request:example.org' as Parameters<typeof rooms.reserveRoom>[2]);
  await rooms.saveRoomId(db, REQUEST, ROOM);
  const members = new Map([
    [GHOST, PERSON],
    [others, ref('Patient/77')],
  ]);
  await roomMembers.saveBase(db, REQUEST, members);
  await notices.saveSaid(db, { roomId: ROOM, about: OWN, reason: 'not-filed' }, new Date());
  await readPositions.saveReadPosition(db, REQUEST, {
    ...{ person: PERSON, eventId: eventId('$hello'), readAt: new Date() },
  });
  const link = { origin: 'fhir', kind: 'text', target: undefined, threadRoot: undefined } as const;
  for (const [event, sender] of [
    ['$hello', GHOST],
    ['$again', GHOST],
    ['$mine', OWN],
  ] as const) {
    const communication = ref(`Communication/${event.slice(1)}`);
    const key = { cause: communication, part: 0 };
    const place = { roomId: ROOM, sender, sentAt: new Date() };
    await messageLinks.startLink(db, { ...link, ...key, ...place, communication, eventId: eventId(event) });
    await db.query('update message_link set completed_at = now(), sender = $2 where event_id = $1', [
      ...[event, sender],
    ]);
  }
  await db.query(`insert into untold_message values ('$x', 'not-filed', '${ROOM}', '${OWN}')`);
  await db.query(`insert into receipt values ('${ROOM}', '${OWN}', '$x', now())`);
  await db.query(`insert into stranger values ('${REQUEST}', '${OWN}', now())`);
  await db.query(`insert into adopted_room values ('!listed', 'CareTeam/1', '${OWN}')`);
  await db.query(`insert into invitation (room_id, user_id, event_id, inviter, subject) values
    ('${FOREIGN}', '${GHOST}', '$invite', '@dr:other.example', 'Patient/9'),
    ('!third', '@_fhir_els:example.org', '$invited', '${OWN}', 'Patient/9')`);
  await db.query(`insert into waiting_item (waits_for, about, lane, payload)
    values ('${OWN}', '$w', 'to-fhir:${ROOM}', '{"text":"${NAME}"}')`);
  await knowIdentity(db);
  await logItems(db);
}

async function knowIdentity(db: pg.Pool): Promise<void> {
  await db.query(`insert into identity_pepper (pepper, state, done_medium, done_address)
    values ('pepper', 'current', 'email', '${EMAIL}')`);
  const record = { key: 'r7', userId: OWN, displayName: NAME, reference: PERSON, words: ['stormvogel'] };
  const other = { ...record, key: 'r8', userId: userId('@els:example.org'), displayName: 'Els' };
  await saveIdentityRecords(
    db,
    'd',
    [
      { ...record, addresses: [{ medium: 'email', address: EMAIL }] },
      {
        ...{ ...other, reference: ref('Patient/77'), words: ['els'] },
        addresses: [{ medium: 'email', address: 'els@post.example' }],
      },
    ],
    undefined,
  );
  await db.query(`insert into identity_token values ('\\x01', '${OWN}', now())`);
  await db.query(`insert into identity_accepted_policy values ('${OWN}', 'https://example.org/policy')`);
  await db.query(`insert into identity_invite (token, medium, address, room_id, sender, ephemeral_key, key_id, expires_at)
    values ('t1', 'email', '${EMAIL}', '${ROOM}', '@els:example.org', 'k1', 'i', now()),
      ('t2', 'email', 'new@post.example', '${ROOM}', '${OWN}', 'k2', 'i', now())`);
}

/** Three that were handled and a dead letter name the person; one of another, whose id goes on, does not. */
async function logItems(db: pg.Pool): Promise<void> {
  await db.query(`with made as (insert into lane (key, tail, head) values ('to-fhir:x', 5, 5) returning id)
    insert into item (lane_id, position, source, source_id, payload)
    select id, position, source, source_id, payload::json from made, (values
      (1, 'matrix.event', '$1', '{"event":{"sender":"${OWN}","content":{"body":"${NAME} here"}}}'),
      (2, 'waited', '$2 already ${OWN}', '{"event":{}}'),
      (3, 'matrix.event', '$3', '{"event":{"sender":"${OWN}.elsewhere"}}'),
      (5, 'matrix.event', '$5', '{"event":{"type":"m.room.name","content":{"name":"Team of ${NAME}"}}}')
    ) as given (position, source, source_id, payload)`);
  await db.query(`insert into dead_letter
    (lane_id, lane_key, position, source, source_id, payload, attempts, error_code, error_message, received_at)
    select id, key, 4, 'matrix.event', '$4', '{"event":{"sender":"${OWN}"}}', 1, 'unexpected', '', now() from lane
    where key = 'to-fhir:x'`);
}

/** Where in the database a text stands, as `table`. */
export async function findInDatabase(db: Pick<pg.Pool, 'query'>, text: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ name: string }>(
    `select tablename as name from pg_tables where schemaname = 'public' order by 1`,
  );
  const found: string[] = [];
  for (const { name } of rows) {
    const sql = `select from ${name} as row where strpos(lower(row::text), lower($1)) > 0 limit 1`;
    if ((await db.query(sql, [text])).rowCount === 1) found.push(name);
  }
  return found;
}

interface FakeEvent extends MatrixEvent {
  content: Readonly<Record<string, unknown>>;
}

function createMatrix(fault: Fault | undefined) {
  const joined = new Map<RoomId, Set<MatrixUserId>>([
    [ROOM, new Set([BOT, GHOST])],
    [FOREIGN, new Set([GHOST])],
    [LEFT, new Set([BOT])],
  ]);
  const profiles = new Map([[GHOST, { displayname: NAME, avatar_url: 'mxc://example.org/portrait' }]]);
  const member = (id: string, sender: MatrixUserId, room: RoomId, content: object) =>
    message({
      ...{ event_id: id, room_id: room, sender, type: 'm.room.member', state_key: GHOST, content },
    });
  const mapping = { fhirRef: PERSON };
  const events: FakeEvent[] = [
    member('$invited', BOT, ROOM, { membership: 'invite', displayname: NAME }),
    member('$joined', GHOST, ROOM, { membership: 'join', displayname: NAME, avatar_url: 'mxc://x/y' }),
    message({
      ...{ event_id: '$mapped', room_id: ROOM, sender: GHOST, type: 'custom.user_mappings' },
      ...{ state_key: GHOST, content: mapping },
    }),
    message({ event_id: '$hello', room_id: ROOM, sender: GHOST, content: { body: `${NAME} says hello` } }),
    message({ event_id: '$again', room_id: ROOM, sender: GHOST, content: { body: 'hello again' } }),
    member('$others', BOT, ROOM, { membership: 'join', displayname: 'Els' }),
    member('$before', GHOST, LEFT, { membership: 'join', displayname: NAME }),
    member('$invite', userId('@dr:other.example'), FOREIGN, { membership: 'invite', displayname: NAME }),
    member('$accepted', GHOST, FOREIGN, { membership: 'join', displayname: NAME }),
  ];
  const other = events.find(({ event_id: id }) => id === '$others');
  if (other !== undefined) Object.assign(other, { state_key: '@els:example.org' });
  const deactivated = new Set<MatrixUserId>();
  const state = { requests: 0, mayDeactivate: true, erases: true };

  /** A request, which the process may not survive. */
  async function request<Result>(as: MatrixUserId, make: () => Result): Promise<Result> {
    state.requests += 1;
    if (deactivated.has(as)) throw new MatrixRefusal('request', 401, 'M_UNKNOWN_DEVICE', undefined, true);
    const result = make();
    if (fault?.what === 'request' && fault.at === state.requests) throw new Killed();
    return Promise.resolve(result);
  }

  function redact(as: MatrixUserId, id: string): void {
    const event = events.find(({ event_id: eventId }) => eventId === id);
    const isTheirs = event?.sender === as || as === BOT;
    if (event === undefined || !isTheirs || joined.get(event.room_id)?.has(as) !== true)
      throw new MatrixRefusal('redact', 403, 'M_FORBIDDEN', undefined);
    const { membership } = event.content;
    event.content = membership === undefined ? {} : { membership };
  }

  const homeserver: Bridge['homeserver'] = {
    ...unreachableHomeserver,
    isJoined: (as, room) => request(as, () => joined.get(room)?.has(as) === true),
    roomsEver: (as) => request(as, () => [ROOM, FOREIGN, LEFT]),
    messagesBefore: (as, room, { from, types }) =>
      request(as, () => {
        const all = events.filter(({ room_id: id, type }) => id === room && types?.includes(type)).reverse();
        const [first, next] = [Number(from ?? 0), Number(from ?? 0) + 2];
        const end = next < all.length ? String(next) : undefined;
        return { events: all.slice(first, next), setAside: [], end };
      }),
    redact: ({ as, eventId: id }) =>
      request(as, () => {
        redact(as, id);
        return eventId(`$redaction-of-${id}`);
      }),
    leave: (as, room) =>
      request(as, () => {
        joined.get(room)?.delete(as);
      }),
    deactivate: (as) =>
      request(BOT, () => {
        if (!state.mayDeactivate) return false;
        deactivated.add(as);
        if (state.erases) profiles.delete(as);
        return true;
      }),
    profile: (whose) => request(BOT, () => profiles.get(whose) ?? {}),
    setDisplayName: (as, displayname) =>
      request(as, () => {
        profiles.set(as, { avatar_url: '', ...profiles.get(as), displayname });
      }),
    setAvatar: (as, url) =>
      request(as, () => {
        profiles.set(as, { displayname: '', ...profiles.get(as), avatar_url: url ?? '' });
      }),
  };
  return { homeserver, joined, profiles, events, deactivated, state };
}
