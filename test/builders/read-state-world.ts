// A world for read state: real tables, a conversation with its people, servers in memory, and a runner for the items.
import type pg from 'pg';
import type { Fact } from '../../src/domain/facts.ts';
import type { FhirResource } from '../../src/domain/fhir.ts';
import type { EventId, FhirReference } from '../../src/domain/ids.ts';
import { referenceTo } from '../../src/domain/ids.ts';
import type { ThreadProfile } from '../../src/domain/threads.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import { withThreads } from '../../src/fhir/threads.ts';
import type { Bridge } from '../../src/flows/bridge.ts';
import { isItemKind, ITEM_SCHEMAS } from '../../src/flows/items/kinds.ts';
import { readReportItems, threadReportItems } from '../../src/flows/items/read-report.ts';
import { readTasksItems } from '../../src/flows/items/read-tasks.ts';
import { receiptsItems } from '../../src/flows/items/receipts.ts';
import { createReadStateHandlers } from '../../src/flows/read-state/handlers.ts';
import type { Ended } from '../../src/flows/commit.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import type { Item, NewItem } from '../../src/inbox/item.ts';
import type { LoggedItem } from '../../src/inbox/known-items.ts';
import { ozoThreads } from '../../src/mapping/threads/ozo.ts';
import * as messageLinks from '../../src/store/message-links.ts';
import * as people from '../../src/store/people.ts';
import * as receipts from '../../src/store/receipts.ts';
import { ATTEMPT, createBridge, SETTINGS, unreachableFhir, unreachableHomeserver } from './bridge.ts';
import { communication, ref, request, stored } from './fhir.ts';
import { eventId, message, roomId, userId } from './matrix.ts';
import { at } from './people.ts';

export const ROOM = roomId('!room:example.org');
export const REQUEST = ref('CommunicationRequest/245');
export const NURSE = { person: ref('Practitioner/7'), userId: userId('@nurse:example.org') };
export const DOCTOR = { person: ref('Practitioner/8'), userId: userId('@doctor:example.org') };
/** A relative without an account of their own. */
export const KIN = { person: ref('RelatedPerson/9'), userId: userId('@_fhir_9:example.org') };
export const FIRST = eventId('$first');

type Engine = 'off' | 'server' | 'bridge';

interface WorldOptions {
  readonly engine?: Engine;
  readonly thread?: ThreadProfile;
  /** Who takes part besides the nurse. */
  readonly recipients?: readonly { readonly person: FhirReference }[];
}

/** Creates the world: the nurse has begun conversation 245 with the doctor and a relative. */
export async function createReadStateWorld(
  db: pg.Pool,
  { engine = 'server', thread = ozoThreads, recipients = [DOCTOR, KIN] }: WorldOptions = {},
) {
  await db.query(
    `insert into room (reference, alias, room_id, subject, first_message_event_id, ready_at)
     values ($1, '#a:example.org', $2, 'Patient/12', $3, now())`,
    [REQUEST, ROOM, FIRST],
  );
  await people.savePeople(db, [
    ...[NURSE, DOCTOR].map(({ person, userId }) => ({
      ...{ reference: person, userId, kind: 'user' as const, source: 'telecom' as const },
    })),
    { reference: KIN.person, userId: KIN.userId, kind: 'ghost', source: 'ghost' },
  ]);
  const fhir = createFhir(thread);
  const conversation = request({
    ...{ id: '245', subject: { reference: 'Patient/12' }, sender: { reference: NURSE.person } },
    recipient: recipients.map(({ person }) => ({ reference: person })),
  });
  fhir.put({ ...(thread.header?.toHeader(conversation, undefined) ?? conversation), id: '245' });
  const timeline = createTimeline();
  const state = { now: new Date(Date.now() + 60_000) };
  const set: string[] = [];
  const log = createLog();
  const bridge = createBridge(db, {
    ...{ fhir: fhir.server, thread },
    settings: { ...SETTINGS, readState: { engine, quietMs: 5_000 } },
    clock: { now: () => state.now, monotonicMs: () => 0 },
    ...{ findLogged: timeline.findLogged, findTail: log.findTail },
    homeserver: {
      ...unreachableHomeserver,
      contextBefore: (_as, _room, id) => Promise.resolve({ events: timeline.before(id), end: undefined }),
      setReceipt: (as, _room, id) => {
        set.push(`${as} ${id}`);
        return Promise.resolve(true);
      },
    },
  });
  const runner = createRunner(db, bridge, log, state);
  const saidBy = async (reference: FhirReference): Promise<readonly NewItem[]> => {
    const seen = await fhir.server.read(reference);
    return seen === undefined || thread.readState === undefined
      ? []
      : threadReportItems([seen], thread.readState);
  };
  let rounds = 0;
  return {
    ...{ bridge, fhir, timeline, state, run: runner.run, outcomes: runner.outcomes, facts: runner.facts },
    /** The receipts that ghosts have set. */
    set,
    /** A message was carried: its link is complete, and its event stands in the room. */
    carry: (name: string, by = NURSE) => carry({ db, fhir, timeline, bridge }, name, by),
    /** Receipts come by `/sync`. @returns the items that look at them */
    receive: async (reader: { userId: typeof NURSE.userId }, ...events: readonly string[]) => {
      const found = events.map((event, at) => ({
        ...{ roomId: ROOM, userId: reader.userId, eventId: eventId(event) },
        readAt: new Date(Date.UTC(2026, 10, 29, 12, 0, at)),
      }));
      await receipts.saveReceipts(db, found);
      rounds += 1;
      return receiptsItems(found, `round ${rounds}`);
    },
    /** A platform writes a Task or an AuditEvent. @returns the items of what it says */
    report: (resource: object & { readonly id: string; readonly resourceType: string }) =>
      readReportItems([fhir.put(resource as FhirResource & { id: string })]),
    /** A platform changes a message or conversation. @returns the items of what it says */
    change: async (reference: FhirReference, over: object) => {
      const before = fhir.stored.get(fhir.keptAs(reference));
      fhir.put({ ...before, ...over } as FhirResource & { id: string });
      return saidBy(reference);
    },
    /** The reader sees the latest version of one. @returns the items of what it says */
    reread: saidBy,
    positions: async (): Promise<Readonly<Record<string, string>>> =>
      Object.fromEntries(
        (
          await db.query<{ person: string; event_id: string }>(
            'select person, event_id from read_position order by person',
          )
        ).rows.map(({ person, event_id }) => [person, event_id]),
      ),
    /** The Tasks by owner: status, and the message that is their focus. */
    tasks: () => fhir.tasks(),
  };
}

interface Carrying {
  readonly db: pg.Pool;
  readonly fhir: ReturnType<typeof createFhir>;
  readonly timeline: ReturnType<typeof createTimeline>;
  readonly bridge: Pick<Bridge, 'fhir' | 'settings' | 'thread'>;
}

async function carry({ db, timeline, bridge }: Carrying, name: string, by: typeof NURSE) {
  const id = eventId(`$${name}`);
  const reference = ref(`Communication/${name}`);
  const written = communication({ sender: { reference: by.person }, ...bridge.thread.link(REQUEST) });
  await bridge.fhir.createOnce({ ...written, id: name }, { mayExist: false });
  const link = {
    ...{ origin: 'matrix' as const, cause: id, part: 0, kind: 'text', communication: reference },
    ...{ eventId: id, target: undefined, roomId: ROOM, sender: by.userId },
    ...{ sentAt: new Date(), threadRoot: undefined },
  };
  await messageLinks.startLink(db, link);
  const made = { communication: reference, eventId: id, digest: name, sender: by.userId };
  await messageLinks.completeLink(db, link, made);
  timeline.add(id);
  return readTasksItems(bridge.settings, REQUEST, name);
}

/** The room as the homeserver has it, with all of it handled but what a test says otherwise. */
function createTimeline() {
  const events: EventId[] = [FIRST];
  const unhandled = new Set<EventId>();
  const loggedOf = (id: EventId): LoggedItem => ({
    ...{ lane: `to-fhir:${ROOM}`, position: events.indexOf(id) + 1, handled: !unhandled.has(id) },
  });
  const findLogged: Bridge['findLogged'] = (_db, _source, ids) =>
    Promise.resolve(
      new Map(events.filter((id) => ids.includes(id)).map((id): [string, LoggedItem] => [id, loggedOf(id)])),
    );
  return {
    ...{ events, unhandled, findLogged },
    add: (id: EventId) => {
      if (!events.includes(id)) events.push(id);
    },
    /** Newest first. */
    before: (id: EventId) =>
      events
        .slice(0, events.indexOf(id))
        .toReversed()
        .map((each) => message({ event_id: each })),
  };
}

/** A FHIR server in memory that keeps versions, and finds Tasks by their conversation. */
/** The nurse and the doctor publish their accounts, and are on the server all along. */
const PUBLISHED: ReadonlyMap<FhirReference, StoredResource> = new Map(
  [NURSE, DOCTOR].map(({ person, userId: account }) => [
    person,
    stored(person, '1', '2026-11-01T12:00:00Z', { telecom: [at(account)] }),
  ]),
);

function createFhir(thread: ThreadProfile) {
  const stored = new Map<FhirReference, StoredResource>();
  const writes: string[] = [];
  const save = (resource: FhirResource & { id: string }, verb: string): StoredResource => {
    const reference = referenceTo(resource.resourceType, resource.id);
    const versionId = String(Number(stored.get(reference)?.meta.versionId ?? 0) + 1);
    const saved = { ...resource, meta: { versionId, lastUpdated: '2026-11-29T12:00:01Z' } };
    stored.set(reference, saved);
    writes.push(`${verb} ${resource.resourceType}`);
    return saved;
  };
  const version = ({ resourceType, id, meta }: StoredResource) => ({
    ...{ reference: referenceTo(resourceType, id), ...meta },
  });
  /** Those of read state; clients post others, without a code. */
  const tasksOf = () =>
    [...stored.values()].flatMap((resource) =>
      resource.resourceType === 'Task' && resource.code !== undefined ? [resource] : [],
    );
  const server: Bridge['fhir'] = {
    ...unreachableFhir,
    read: (reference) => Promise.resolve(stored.get(reference)),
    readMany: (references) =>
      Promise.resolve(
        new Map([...PUBLISHED, ...stored].filter(([reference]) => references.includes(reference))),
      ),
    searchAll: (type, query) => {
      const ofType =
        type === 'Task' ? tasksOf() : [...stored.values()].filter((each) => each.resourceType === type);
      const resources = ofType.filter((each) => query.every((one) => isFoundBy(each, one)));
      return Promise.resolve({ resources, complete: true });
    },
    createOnce: (resource) => Promise.resolve(version(save(resource, 'create'))),
    update: (resource) => Promise.resolve(version(save(resource, 'update'))),
  };
  return {
    ...{ server: withThreads(server, thread), stored, writes },
    /** Under which reference a resource is stored. */
    keptAs: (reference: FhirReference): FhirReference =>
      thread.header === undefined
        ? reference
        : ref(reference.replace('CommunicationRequest/', 'Communication/')),
    put: (resource: FhirResource & { id: string }) => save(resource, 'put'),
    tasks: (): Readonly<Record<string, string>> =>
      Object.fromEntries(
        tasksOf().map(({ owner, status, focus }) => [
          owner?.reference ?? '',
          [status, focus?.reference?.split('/')[1]].join(' ').trim(),
        ]),
      ),
  };
}

/** Whether a search finds a resource, by the parameters that the flows use. */
function isFoundBy(resource: StoredResource, [name, value]: readonly [string, string]): boolean {
  const element = { 'part-of': 'partOf', 'based-on': 'basedOn' }[name] ?? name;
  const found = [Object.entries(resource).find(([key]) => key === element)?.[1] as unknown].flat();
  return found.some((each) => {
    if (typeof each === 'string') return each === value;
    const { reference, coding = [] } = (each ?? {}) as {
      reference?: string;
      coding?: readonly { system: string; code: string }[];
    };
    return reference === value || coding.some(({ system, code }) => `${system}|${code}` === value);
  });
}

/** The lanes of what a test runs. */
function createLog() {
  const tails = new Map<string, number>();
  const known = new Set<string>();
  return {
    findTail: ((_db, lane) => Promise.resolve(tails.get(lane) ?? 0)) satisfies Bridge['findTail'],
    /** Stores items as the inbox does: each once. */
    store(items: readonly NewItem[], receivedAt: Date): readonly Item[] {
      return items.flatMap((item) => {
        const key = `${item.source} ${item.sourceId}`;
        if (known.has(key)) return [];
        known.add(key);
        const position = (tails.get(item.lane) ?? 0) + 1;
        tails.set(item.lane, position);
        return [{ ...item, position, receivedAt }];
      });
    },
  };
}

/** Runs items and what follows from them, the oldest first, until nothing is left; time passes while one waits. */
function createRunner(db: pg.Pool, bridge: Bridge, log: ReturnType<typeof createLog>, state: { now: Date }) {
  const handlers = createReadStateHandlers(bridge);
  const outcomes: string[] = [];
  const facts: Fact[] = [];
  const handle = (item: Item, number: number): Promise<Ended> => {
    const { kind } = item.payload as { kind: string };
    const context = { item, attempt: { ...ATTEMPT, number } };
    if (!isItemKind(kind)) throw new TypeError(`Expected an item of read state, not ${kind}`);
    switch (kind) {
      case 'receipts':
        return handlers.receipts(ITEM_SCHEMAS.receipts.parse(item.payload), context);
      case 'read':
        return handlers.read(ITEM_SCHEMAS.read.parse(item.payload), context);
      case 'fhir.read':
        return handlers['fhir.read'](ITEM_SCHEMAS['fhir.read'].parse(item.payload), context);
      case 'read-tasks':
        return handlers['read-tasks'](ITEM_SCHEMAS['read-tasks'].parse(item.payload), context);
      default:
        throw new TypeError(`Expected an item of read state, not ${kind}`);
    }
  };
  async function run(items: readonly NewItem[]): Promise<void> {
    const queue = [...log.store(items, state.now)];
    let attempts = 1;
    for (let item = queue[0]; item !== undefined; item = queue[0]) {
      const ended = await handle(item, attempts);
      if (ended.kind === 'retry' || ended.kind === 'dead') throw new Error(ended.error.message);
      outcomes.push(ended.kind === 'ignored' ? ended.reason : ended.kind);
      attempts += 1;
      if (ended.kind === 'later') {
        state.now = new Date(state.now.getTime() + ended.afterMs);
        continue;
      }
      attempts = 1;
      queue.shift();
      if (!('next' in ended || 'record' in ended || 'facts' in ended)) continue;
      const next = await inTransaction(db, async (tx) => {
        await ended.record?.(tx);
        const following = 'next' in ended ? ended.next : undefined;
        return typeof following === 'function' ? following(tx) : (following ?? []);
      });
      if ('facts' in ended) facts.push(...(ended.facts ?? []));
      queue.push(...log.store(next, state.now));
    }
  }
  return { run, outcomes, facts };
}
