// A bridge over the real tables, with a homeserver and a FHIR server in memory: for flows from Matrix to FHIR.
import type pg from 'pg';
import type {
  CareTeam,
  CommunicationRequest,
  FhirResource,
  Organization,
  Practitioner,
  PractitionerRole,
  RelatedPerson,
} from '../../src/domain/fhir.ts';
import type { FhirReference, MatrixUserId, RoomId } from '../../src/domain/ids.ts';
import { referenceTo } from '../../src/domain/ids.ts';
import type { MatrixEvent, StateEvent } from '../../src/domain/matrix.ts';
import type { Fact } from '../../src/domain/facts.ts';
import type { FhirServer, StoredResource } from '../../src/fhir/server.ts';
import type { Bridge, BridgeSettings } from '../../src/flows/bridge.ts';
import { roomStateToFhir } from '../../src/flows/from-matrix/room-state-to-fhir.ts';
import { isStateChange } from '../../src/flows/from-matrix/state-change.ts';
import type { Attempt } from '../../src/inbox/item.ts';
import type { Homeserver } from '../../src/matrix/homeserver.ts';
import { findRoomUse } from '../../src/store/room-uses.ts';
import type { RoomRow } from '../../src/store/rooms.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import {
  ATTEMPT,
  clockAt,
  createBridge,
  SETTINGS,
  settle,
  unreachableFhir,
  unreachableHomeserver,
} from './bridge.ts';
import { recordingLog } from './log.ts';
import { BOT, message, roomId, userId } from './matrix.ts';
import { at } from './people.ts';

export const NOW = Date.parse('2026-11-21T12:00:00Z');
export const SPACE = roomId('!space');
export const ROOM = roomId('!conversation');
export const NURSE = userId('@nurse:example.org');
export const DOCTOR = userId('@doctor:example.org');

/** A room of the homeserver in memory. */
export interface FakeRoom {
  /** Whether the bot is let in. */
  open: boolean;
  readonly state: (StateEvent & { sender: string; origin_server_ts: number })[];
}

/** The nurse and the doctor publish their accounts. */
const KNOWN_PEOPLE: readonly (Practitioner & { id: string })[] = [
  { resourceType: 'Practitioner', id: '7', telecom: [at(NURSE)] },
  { resourceType: 'Practitioner', id: '8', telecom: [at(DOCTOR)] },
];

/** The world: what the servers hold, what the bridge asked of them, and what became of an event. */
export function createWorld(db: pg.Pool, over: Partial<BridgeSettings> = {}) {
  const matrix = createMatrix();
  const fhir = createFhir();
  for (const person of KNOWN_PEOPLE) fhir.put(person);
  const log = recordingLog();
  const facts: Fact[] = [];
  const bridge: Bridge = createBridge(db, {
    ...{ log, homeserver: matrix.homeserver, fhir: fhir.server, clock: clockAt(NOW) },
    settings: { ...SETTINGS, ...over },
  });

  /** Handles an event as the inbox does. @returns `done`, `later` or the reason why it was ignored */
  async function handle(event: MatrixEvent, attempt: Partial<Attempt> = {}): Promise<string> {
    if (!isStateChange(event)) throw new TypeError('Expected a state event');
    const outcome = await roomStateToFhir(bridge, event, { ...ATTEMPT, ...attempt });
    if ('facts' in outcome) facts.push(...outcome.facts);
    return settle(bridge, outcome);
  }
  return { bridge, matrix, fhir, log, facts, handle, converged: () => convergedIn(db) };
}

/** A team's space `!space` of CareTeam/1 and its conversation `!conversation` of CommunicationRequest/2. */
export async function writeRooms(db: pg.Pool): Promise<void> {
  await db.query(
    `insert into room (reference, alias, room_id, subject, care_team, ready_at) values
     ('CareTeam/1', '#careteam/1:example.org', '!space', 'Patient/1', null, now()),
     ('CommunicationRequest/2', '#communicationrequest/2:example.org', '!conversation', 'Patient/1', 'CareTeam/1', now())`,
  );
}

/** A state event by the nurse, unless told otherwise. */
export function stateEvent(
  type: string,
  content: Readonly<Record<string, unknown>>,
  over: Partial<Record<keyof MatrixEvent, unknown>> = {},
): MatrixEvent {
  return message({
    ...{ event_id: '$state', room_id: SPACE, sender: NURSE, type, state_key: '', content },
    origin_server_ts: NOW,
    ...over,
  });
}

function createMatrix() {
  const table = new Map<RoomId, FakeRoom>();
  const calls: unknown[] = [];
  const aliases = new Map<string, RoomId>();
  const listed = new Set<RoomId>();
  const room = (id: RoomId): FakeRoom => {
    const found = table.get(id);
    if (found === undefined) throw new TypeError(`There is no room ${id}`);
    return found;
  };
  const content = (id: RoomId, type: string, stateKey: string) =>
    table.get(id)?.state.find((event) => event.type === type && event.state_key === stateKey)?.content;
  const set = (
    id: RoomId,
    type: string,
    stateKey: string,
    value: StateEvent['content'],
    sender: string = NURSE,
  ) => {
    const { state } = room(id);
    const index = state.findIndex((event) => event.type === type && event.state_key === stateKey);
    if (index >= 0) state.splice(index, 1);
    state.push({ type, state_key: stateKey, content: value, sender, origin_server_ts: NOW });
  };
  const homeserver: Homeserver = {
    ...unreachableHomeserver,
    stateEvent: (_as, id, key) => Promise.resolve(content(id, key.type, key.state_key)),
    roomState: (_as, id) => Promise.resolve(room(id).state.map((event) => ({ ...event }))),
    isJoined: (as, id) => Promise.resolve(content(id, 'm.room.member', as)?.['membership'] === 'join'),
    acceptInvitation: (as, id) => {
      calls.push(['accept', as, id]);
      set(id, 'm.room.member', as, { membership: 'join' }, as);
      return Promise.resolve(true);
    },
    joinThrough: (as, id, servers) => {
      calls.push(['join', id, servers]);
      if (table.get(id)?.open !== true) return Promise.resolve(false);
      set(id, 'm.room.member', as, { membership: 'join' }, as);
      return Promise.resolve(true);
    },
    leave: (as, id) => {
      calls.push(['leave', id]);
      set(id, 'm.room.member', as, { membership: 'leave' }, as);
      return Promise.resolve();
    },
    putState: (as, id, event) => {
      calls.push(['put', id, event.type, event.state_key]);
      set(id, event.type, event.state_key, event.content, as);
      return Promise.resolve();
    },
    kick: (_as, id, who) => {
      calls.push(['kick', id, who]);
      set(id, 'm.room.member', who, { membership: 'leave' }, BOT);
      return Promise.resolve();
    },
    isListed: (_as, id) => Promise.resolve(listed.has(id)),
    unlist: (_as, id) => {
      calls.push(['unlist', id]);
      listed.delete(id);
      return Promise.resolve();
    },
    resolveAlias: (_as, alias) => Promise.resolve(aliases.get(alias)),
    createAlias: (_as, alias, id) => {
      if (!aliases.has(alias)) aliases.set(alias, id);
      return Promise.resolve();
    },
    deleteAlias: (_as, alias) => {
      aliases.delete(alias);
      return Promise.resolve();
    },
  };
  return {
    homeserver,
    calls,
    aliases,
    /** In the public directory. */
    listed,
    set,
    member: (id: RoomId, who: MatrixUserId, membership: string, sender: string = who) => {
      set(id, 'm.room.member', who, { membership }, sender);
    },
    /** Makes a room by the nurse, with further content of its creation. */
    make(id: RoomId, creation: StateEvent['content'] = {}, { open = true } = {}) {
      table.set(id, { open, state: [] });
      set(id, 'm.room.create', '', { room_version: '11', ...creation });
      set(id, 'm.room.power_levels', '', { users: { [NURSE]: 100 } });
      set(id, 'm.room.member', NURSE, { membership: 'join' });
    },
    /** An event of a room's state, as it is kept. */
    find: (id: RoomId, type: string) => {
      const found = room(id).state.find((event) => event.type === type);
      if (found === undefined) throw new TypeError(`There is no ${type} in ${id}`);
      return found;
    },
    open(id: RoomId) {
      room(id).open = true;
    },
  };
}

function createFhir() {
  const resources = new Map<FhirReference, StoredResource>();
  const writes: FhirReference[] = [];
  const save = (resource: FhirResource & { id: string }) => {
    const reference = referenceTo(resource.resourceType, resource.id);
    const versionId = String(Number(resources.get(reference)?.meta.versionId ?? 0) + 1);
    const meta = { versionId, lastUpdated: '2026-11-21T12:00:01Z' };
    resources.set(reference, { ...resource, meta });
    return { reference, ...meta };
  };
  const find = (reference: FhirReference): readonly (readonly [FhirReference, StoredResource])[] => {
    const found = resources.get(reference);
    return found === undefined ? [] : [[reference, found]];
  };
  const server: FhirServer = {
    ...unreachableFhir,
    read: (reference) => Promise.resolve(resources.get(reference)),
    readMany: (references) => Promise.resolve(new Map(references.flatMap(find))),
    search: (type, query) => {
      const subject = query[0]?.[1];
      const all = [...resources.values()].filter(({ resourceType }) => resourceType === type);
      const isFound = (each: StoredResource): boolean =>
        each.resourceType === 'CareTeam' && each.subject?.reference === subject;
      return Promise.resolve({ resources: all.filter(isFound), serverTime: undefined });
    },
    searchAll: () => Promise.resolve({ resources: [], complete: true }),
    update: (resource) => {
      const reference = referenceTo(resource.resourceType, resource.id);
      if (resources.get(reference)?.meta.versionId !== resource.meta.versionId)
        return Promise.reject(new BridgeError('fhir-conflict', 'update: 409'));
      writes.push(reference);
      return Promise.resolve(save(resource));
    },
    createOnce: (resource) => {
      const reference = referenceTo(resource.resourceType, resource.id);
      const existing = resources.get(reference);
      if (existing !== undefined) return Promise.resolve({ reference, ...existing.meta });
      writes.push(reference);
      return Promise.resolve(save(resource));
    },
  };
  return {
    server,
    /** What the bridge wrote, in order. */
    writes,
    /** Writes as a platform does. */
    put: (
      resource: (
        CareTeam | CommunicationRequest | Organization | Practitioner | PractitionerRole | RelatedPerson
      ) & {
        id: string;
      },
    ) => save(resource),
    /** A resource as it is, without its version. */
    get: (reference: string): unknown => {
      const resource = resources.get(reference as FhirReference);
      return resource === undefined ? undefined : { ...resource, meta: undefined };
    },
    all: () => [...resources.keys()],
  };
}

/** The resource's row by one of its rooms, or a former one. */
export async function rowByRoom(db: pg.Pool, id: RoomId): Promise<RoomRow | undefined> {
  const use = await findRoomUse(db, id);
  return 'room' in use ? use.room : undefined;
}

/** Whose convergence was asked for, and which notices are to be said. */
async function convergedIn(db: pg.Pool): Promise<readonly string[]> {
  const { rows } = await db.query<{ payload: { kind: string; reference?: string; reason?: string } }>(
    `select payload from item order by coalesce(payload ->> 'reference', payload ->> 'reason')`,
  );
  return rows.map(({ payload }) => payload.reference ?? payload.reason ?? payload.kind);
}
