// A world in which people and platforms are told of messages that fail: real tables, a clock, what was sent and written.
import type pg from 'pg';
import type { FhirResource } from '../../src/domain/fhir.ts';
import type { FhirReference } from '../../src/domain/ids.ts';
import { referenceTo } from '../../src/domain/ids.ts';
import type { FhirServer, StoredResource } from '../../src/fhir/server.ts';
import type { Bridge, BridgeSettings } from '../../src/flows/bridge.ts';
import { createHandle } from '../../src/flows/dispatch.ts';
import { createReportFailure } from '../../src/flows/report-failure.ts';
import type { Attempt, NewItem, Outcome } from '../../src/inbox/item.ts';
import type { OutgoingEvent } from '../../src/matrix/sends.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { ATTEMPT, createBridge, SETTINGS, unreachableFhir, unreachableHomeserver } from './bridge.ts';
import { eventId } from './matrix.ts';

/** Creates the world; it begins at noon. */
export function createToldWorld(db: pg.Pool, settings: Partial<BridgeSettings> = {}) {
  const sent: OutgoingEvent[] = [];
  const faults: Error[] = [];
  const state = { now: new Date('2026-11-29T12:00:00Z') };
  const fhir = createFhir();
  const bridge: Bridge = createBridge(db, {
    fhir: fhir.server,
    settings: { ...SETTINGS, ...settings },
    clock: { now: () => state.now, monotonicMs: () => 0 },
    homeserver: {
      ...unreachableHomeserver,
      isJoined: () => Promise.resolve(true),
      stateEvent: () => Promise.resolve({ membership: 'join', displayname: 'Jan' }),
    },
    sending: {
      findSent: () => Promise.resolve(new Map()),
      redactAs: () => Promise.reject(new TypeError('No redaction was expected')),
      sendAs: (event) => {
        // As the homeserver does: the same transaction id is the same event.
        if (sent.every(({ deliveryId }) => deliveryId !== event.deliveryId)) sent.push(event);
        const fault = faults.shift();
        return fault === undefined ? Promise.resolve(eventId('$sent')) : Promise.reject(fault);
      },
    },
  });
  const handle = createHandle(bridge);

  /** Handles an item as the inbox does, and commits what came of it. */
  async function run(item: NewItem, attempt: Partial<Attempt> = {}): Promise<Outcome> {
    const received = { ...item, position: 1, receivedAt: new Date('2026-11-29T12:00:00Z') };
    const outcome = await handle(received, { ...ATTEMPT, ...attempt });
    if ('record' in outcome) await bridge.transact(outcome.record);
    return outcome;
  }

  return {
    ...{ bridge, fhir, sent, state, run },
    /** What the bot said, in order. */
    said: () => sent.map(({ content }) => String(content['body'] ?? content['status'])),
    /** Lets the answer to the next send get lost. */
    loseAnswer: (error: Error) => faults.push(error),
    /** Moves the clock on. */
    pass: (ms: number) => {
      state.now = new Date(state.now.getTime() + ms);
    },
    /** Stores items as the inbox does. */
    store: async (items: readonly NewItem[]): Promise<void> => {
      await bridge.transact(async (tx) => {
        await bridge.enqueue(tx, items);
      });
    },
    /** Makes an item a dead letter. */
    giveUp: async (item: NewItem, code: string): Promise<void> => {
      const received = { ...item, position: 1, receivedAt: state.now };
      const report = createReportFailure(bridge);
      await bridge.transact((tx) => report(tx, received, { code, message: '' }));
    },
    /** The items that are stored, of one source. */
    items: async (source: string): Promise<readonly NewItem[]> => {
      const { rows } = await db.query<NewItem>(
        `select lane.key as lane, source, source_id as "sourceId", payload
         from item join lane on lane.id = lane_id where source = $1 order by lane_id, position`,
        [source],
      );
      return rows;
    },
  };
}

function createFhir() {
  const stored = new Map<FhirReference, StoredResource>();
  const state = { isDown: false };
  const save = (resource: FhirResource & { id: string }) => {
    const reference = referenceTo(resource.resourceType, resource.id);
    const versionId = String(Number(stored.get(reference)?.meta.versionId ?? 0) + 1);
    const meta = { versionId, lastUpdated: '2026-11-29T12:00:01Z' };
    stored.set(reference, { ...resource, meta });
    return { reference, ...meta };
  };
  const server: FhirServer = {
    ...unreachableFhir,
    read: (reference) => Promise.resolve(stored.get(reference)),
    update: (resource) => Promise.resolve(save(resource)),
    createOnce: (resource) => {
      if (state.isDown) return Promise.reject(new BridgeError('fhir-unavailable', 'create: no answer'));
      const reference = referenceTo(resource.resourceType, resource.id);
      const existing = stored.get(reference);
      return Promise.resolve(existing === undefined ? save(resource) : { reference, ...existing.meta });
    },
  };
  const remove = (reference: FhirReference): boolean => stored.delete(reference);
  return { server, state, put: save, remove, tasks: () => [...stored.values()].filter(isTask) };
}

function isTask(resource: StoredResource): boolean {
  return resource.resourceType === 'Task';
}
