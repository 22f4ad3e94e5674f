// A world for the two pipelines: real tables, servers in memory, and kinds that a test may choose.
import type pg from 'pg';
import type { FhirResource } from '../../src/domain/fhir.ts';
import { versionOf } from '../../src/domain/fhir.ts';
import type { Fact } from '../../src/domain/facts.ts';
import type { FhirReference } from '../../src/domain/ids.ts';
import { referenceTo } from '../../src/domain/ids.ts';
import type { MatrixEvent } from '../../src/domain/matrix.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import type { Bridge } from '../../src/flows/bridge.ts';
import { relayToFhir } from '../../src/flows/messages/relay-to-fhir.ts';
import type { RelayToMatrix } from '../../src/flows/messages/relay-to-matrix.ts';
import type { Conversation } from '../../src/flows/messages/speaker.ts';
import { relayToMatrix } from '../../src/flows/messages/relay-to-matrix.ts';
import { writeBackItemSchema, type WriteBackItem } from '../../src/flows/items/write-back.ts';
import { writeBack } from '../../src/flows/messages/write-back.ts';
import { createWriteBackDue } from '../../src/flows/messages/write-back-due.ts';
import { retractDeleted } from '../../src/flows/messages/retract-deleted.ts';
import type { FlowOutcome } from '../../src/flows/outcome.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import type { Attempt, NewItem } from '../../src/inbox/item.ts';
import type { RegisteredKind } from '../../src/messages/kind.ts';
import type { MessageOptions } from '../../src/messages/options.ts';
import { KINDS } from '../../src/messages/registry.ts';
import * as people from '../../src/store/people.ts';
import * as resourceVersions from '../../src/store/resource-versions.ts';
import * as roomMembers from '../../src/store/room-members.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { ATTEMPT, createBridge, SETTINGS, unreachableFhir, unreachableHomeserver } from './bridge.ts';
import { communication, ref, stored } from './fhir.ts';
import { BOT, message, userId } from './matrix.ts';
import { GHOST, ROOM } from './messages.ts';
import { createSending } from './sending.ts';
import { at, senderGhost } from './people.ts';
import type { PayloadCodec } from '../../src/domain/stored-payload.ts';
import { plainPayloads, storing } from './payloads.ts';

export { GHOST, ROOM };

export const REQUEST = ref('CommunicationRequest/245');

/** What came of an item: the outcome in a word, what happened, and what is to be handled next. */
export interface Relayed {
  readonly result: string;
  readonly facts: readonly Fact[];
  readonly next: readonly NewItem[];
}

/** Creates the world; the conversation 245 has the room `!room:example.org` with the subject Patient/12. */
export async function createRelayWorld(
  db: pg.Pool,
  kinds: readonly RegisteredKind[] = KINDS,
  over: Partial<Pick<Bridge, 'files'>> & {
    readonly payloads?: PayloadCodec;
    readonly sending?: Partial<Bridge['sending']>;
    readonly messages?: Partial<MessageOptions>;
  } = {},
) {
  await db.query(
    `insert into room (reference, alias, room_id, subject, ready_at)
     values ($1, '#a:example.org', $2, 'Patient/12', now())`,
    [REQUEST, ROOM],
  );
  await people.savePeople(db, [
    {
      reference: ref('Practitioner/7'),
      userId: userId('@nurse:example.org'),
      kind: 'user',
      source: 'telecom',
    },
  ]);
  const members = [
    [userId('@nurse:example.org'), ref('Practitioner/7')],
    [GHOST, ref('Practitioner/7')],
  ] as const;
  await roomMembers.saveBase(db, REQUEST, new Map(members));
  const fhir = createFhir();
  const sending = createSending();
  const state: {
    conversation: Conversation | undefined;
    now: Date;
    levels: Record<string, unknown>;
    claims: Record<string, Record<string, unknown>>;
    /** That users sent. */
    events: MatrixEvent[];
  } = {
    ...{ claims: {}, events: [] },
    conversation: { roomId: ROOM, phase: 'open' },
    now: new Date('2026-11-29T12:00:00Z'),
    /** The content of `m.room.power_levels`. */
    levels: {},
  };
  const bridge = createBridge(db, {
    homeserver: {
      ...unreachableHomeserver,
      stateEvent: (_as, _room, { state_key: key }) => Promise.resolve(state.claims[key]),
      eventOf: (_as, room, id) =>
        Promise.resolve(
          [...sending.events(), ...state.events].find(
            (event) => event.event_id === id && event.room_id === room,
          ),
        ),
      roomState: () =>
        Promise.resolve([{ type: 'm.room.power_levels', state_key: '', content: state.levels, sender: BOT }]),
    },
    ...{ kinds, fhir: fhir.server, ...(over.files && { files: over.files }) },
    ...storing(over.payloads ?? plainPayloads),
    sending: { ...sending.server, ...over.sending },
    clock: { now: () => state.now, monotonicMs: () => 0 },
    settings: {
      ...{ ...SETTINGS, deliverPreparation: true, sourceSystemExtension: 'https://example.org/source' },
      messages: { ...SETTINGS.messages, ...over.messages },
    },
  });
  const relay: Bridge & RelayToMatrix = {
    ...bridge,
    ghostOf: () => Promise.resolve(senderGhost(GHOST, 'J. de Vries')),
    openConversation: () => Promise.resolve(state.conversation),
  };

  return {
    ...{ relay, fhir, sending, state },
    /** Handles an event as the inbox does; what is recorded is committed. */
    toFhir: async (
      over: Parameters<typeof message>[0] = {},
      attempt: Partial<Attempt> = {},
      gaveUpOn: readonly string[] = [],
      receivedAt = new Date(),
    ) => {
      const event: MatrixEvent = message(over);
      const item = {
        lane: `to-fhir:${event.room_id}`,
        payload: { event: event.event_id },
        ...{ gaveUpOn, hasWaited: false, receivedAt },
      };
      return committed(db, await relayToFhir(relay, event, item, { ...ATTEMPT, ...attempt }));
    },
    /**
     * Handles a Communication likewise, as a reader has read it, and then what is written back, in its own lane: what fails
     * there fails alone, and a conflict is tried again.
     */
    toMatrix: async (reference: string, attempt: Partial<Attempt> = {}, gaveUpOn?: string[]) => {
      const present = fhir.stored.get(ref(reference));
      if (present !== undefined) await resourceVersions.recordRead(db, [versionOf(present)]);
      const change = { reference: ref(reference), gaveUpOn, hasWaited: false };
      const relayed = await committed(db, await relayToMatrix(relay, change, { ...ATTEMPT, ...attempt }));
      const next: NewItem[] = [];
      for (const item of [...relayed.next, ...(await writtenBackTogether(relay))]) {
        const back = writeBackItemSchema.safeParse(item.payload).data;
        if (back === undefined) next.push(item);
        else next.push(...(await writtenBack(db, relay, back)));
      }
      return { ...relayed, next };
    },
    /** Handles the deletion of a Communication likewise. */
    deleted: async (reference: string, versionId: string) =>
      committed(
        db,
        await retractDeleted(
          relay,
          { kind: 'fhir.deletion', reference: ref(reference), versionId },
          false,
          ATTEMPT,
        ),
      ),
  };
}

/** Writes back what is due. @returns the items that this makes */
async function writtenBackTogether(relay: Bridge): Promise<readonly NewItem[]> {
  const made: NewItem[] = [];
  const enqueue: Bridge['enqueue'] = (_tx, items) => {
    made.push(...items);
    return Promise.resolve({ stored: items.length, duplicates: 0 });
  };
  await createWriteBackDue({ ...relay, enqueue })(ATTEMPT.signal);
  return made;
}

async function writtenBack(
  db: pg.Pool,
  relay: Bridge,
  back: WriteBackItem,
  tries = 1,
): Promise<readonly NewItem[]> {
  try {
    return (await committed(db, await writeBack(relay, back, ATTEMPT))).next;
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    return error.code === 'fhir-conflict' && tries < 2 ? writtenBack(db, relay, back, tries + 1) : [];
  }
}

/** Commits an outcome as the inbox does. */
export async function committed(db: pg.Pool, outcome: FlowOutcome): Promise<Relayed> {
  if (outcome.kind === 'later') return { result: 'later', facts: [], next: [] };
  const next = await inTransaction(db, async (tx) => {
    await outcome.record?.(tx);
    return typeof outcome.next === 'function' ? outcome.next(tx) : (outcome.next ?? []);
  });
  return { result: outcome.kind === 'done' ? 'done' : outcome.reason, facts: outcome.facts ?? [], next };
}

/** A practitioner who publishes their account, which is on the server all along. */
const NURSE = stored('Practitioner/7', '1', '2026-11-01T12:00:00Z', { telecom: [at('@nurse:example.org')] });

/** A FHIR server in memory; the next write fails where a test says so. */
function createFhir() {
  const held = new Map<FhirReference, StoredResource>();
  const versions: StoredResource[] = [];
  const writes: string[] = [];
  const faults: Error[] = [];
  let lastUpdated = '2026-11-29T12:00:01Z';
  const save = (resource: FhirResource & { id: string }, verb: string) => {
    const reference = referenceTo(resource.resourceType, resource.id);
    const versionId = String(versions.filter(({ id }) => id === resource.id).length + 1);
    const meta = { ...resource.meta, versionId, lastUpdated };
    // As over the network: what is undefined is not there.
    const version = JSON.parse(JSON.stringify({ ...resource, meta })) as StoredResource;
    held.set(reference, version);
    versions.unshift(version);
    writes.push(`${verb} ${reference}`);
    const fault = faults.shift();
    const made = { reference, versionId, lastUpdated: meta.lastUpdated };
    return fault === undefined ? Promise.resolve(made) : Promise.reject(fault);
  };
  const find = (reference: FhirReference): StoredResource | undefined =>
    held.get(reference) ?? (reference === 'Practitioner/7' ? NURSE : undefined);
  const server: Bridge['fhir'] = {
    ...unreachableFhir,
    read: (reference) => Promise.resolve(find(reference)),
    searchAll: () => Promise.resolve({ resources: [], complete: true }),
    readMany: (references) =>
      Promise.resolve(new Map(references.flatMap((each) => entryOf(each, find(each))))),
    readVersion: (reference, versionId) =>
      Promise.resolve(
        versions.find((each) => versionOf(each).reference === reference && each.meta.versionId === versionId),
      ),
    history: (reference) => Promise.resolve(versions.filter(({ id }) => `Communication/${id}` === reference)),
    createOnce: (resource, { mayExist }) => {
      const existing = held.get(referenceTo(resource.resourceType, resource.id));
      if (mayExist && existing !== undefined) return Promise.resolve(versionOf(existing));
      return save(resource, 'create');
    },
    update: (resource) => {
      const { id, meta, resourceType } = resource;
      if (held.get(referenceTo(resourceType, id))?.meta.versionId !== meta.versionId)
        return Promise.reject(new BridgeError('fhir-conflict', 'update: 409'));
      return save(resource, 'update');
    },
    updateMessages: (resources) => Promise.all(resources.map((resource) => server.update(resource))),
  };
  return {
    ...{ server, writes, stored: held },
    /** Lets the next write have its effect, and its answer get lost. */
    loseAnswer: () => faults.push(new BridgeError('fhir-unavailable', 'no answer')),
    /** Goes back to when a resource had this version, or to before it; what is written from now on has this stamp. */
    restore: (reference: string, versionId: string | undefined, stamp: string) => {
      const kept = versions.filter(
        (each) =>
          versionOf(each).reference !== reference || Number(each.meta.versionId) <= Number(versionId ?? 0),
      );
      versions.splice(0, versions.length, ...kept);
      const [present] = kept.filter((each) => versionOf(each).reference === reference);
      if (present === undefined) held.delete(ref(reference));
      else held.set(ref(reference), present);
      lastUpdated = stamp;
    },
    /** Deletes as a platform does. @returns the version that this makes */
    remove: (reference: string): string => {
      const before = held.get(ref(reference));
      held.delete(ref(reference));
      if (before !== undefined) versions.unshift(before);
      return String(versions.filter(({ id }) => id === before?.id).length);
    },
    /** Writes as a platform does. */
    put: async (id: string, over: Parameters<typeof communication>[0] = {}) => {
      await save({ ...communication(over), id }, 'put');
      return referenceTo('Communication', id);
    },
  };
}

function entryOf(
  reference: FhirReference,
  resource: StoredResource | undefined,
): readonly (readonly [FhirReference, StoredResource])[] {
  return resource === undefined ? [] : [[reference, resource]];
}
