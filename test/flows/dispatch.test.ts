// What becomes of an item on its way from the inbox to its flow and back: found by its kind, checked, counted, committed at once.
import { describe, expect, test } from 'vitest';
import { Client } from 'pg';
import type { Fact } from '../../src/domain/facts.ts';
import type { FhirReference } from '../../src/domain/ids.ts';
import type { Ended } from '../../src/flows/commit.ts';
import type { Handlers } from '../../src/flows/handle-item.ts';
import { createItemHandler } from '../../src/flows/handle-item.ts';
import { convergeItem } from '../../src/flows/items/converge.ts';
import type { Item, Outcome } from '../../src/inbox/item.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { recordingLog } from '../builders/log.ts';

const TEAM = 'CareTeam/1' as FhirReference;
const FACT: Fact = { kind: 'looked-up', by: {}, question: { action: 'lookup' }, result: 'none' };
const MINUTE = 60_000;

const ended = new AbortController();
ended.abort();

/** A dispatcher whose flows all end as `flow` does, and what it does in the acknowledging transaction. */
function world(flow: (payload: unknown) => Ended | Promise<Ended>, { listens = true } = {}) {
  const steps: string[] = [];
  const handler = async (payload: unknown): Promise<Ended> => flow(payload);
  const handlers: Handlers = {
    'matrix.event': handler,
    'matrix.ephemeral': handler,
    'matrix.to_device': handler,
    'matrix.invitation': handler,
    'fhir.change': handler,
    'fhir.deletion': handler,
    'conversation-messages': handler,
    notice: handler,
    'message-notice': handler,
    'send-status': handler,
    undelivered: handler,
    'write-back': handler,
    converge: handler,
    publish: handler,
    'forget-room': handler,
    'forget-person': handler,
    audit: handler,
    receipts: handler,
    read: handler,
    'fhir.read': handler,
    'read-tasks': handler,
    'set-aside': handler,
  };
  const metrics = createMetrics();
  const handle = createItemHandler({
    ...{ handlers, metrics, log: recordingLog() },
    clock: { now: () => new Date(20 * MINUTE), monotonicMs: () => 0 },
    enqueue: (_, items) => {
      steps.push(`enqueue ${items.map(({ sourceId }) => sourceId).join(', ')}`);
      return Promise.resolve({ stored: items.length, duplicates: 0 });
    },
    auditTrail: {
      itemsOf: ({ sourceId }, facts) =>
        listens
          ? facts.map(({ kind }) => ({
              lane: 'audit',
              source: 'audit',
              sourceId: `${kind} by ${sourceId}`,
              payload: {},
            }))
          : [],
    },
  });
  const run = (
    payload: unknown,
    { ageMs = 0, signal = new AbortController().signal } = {},
  ): Promise<Outcome> => {
    const receivedAt = new Date(20 * MINUTE - ageMs);
    const item: Item = { lane: 'a', position: 1, source: 'test', sourceId: '1', payload, receivedAt };
    return handle(item, { number: 1, inDoubt: false, signal });
  };
  return {
    run,
    steps,
    committed: async (): Promise<readonly string[]> => {
      const outcome = await run(convergeItem(TEAM, 'x').payload);
      const record = 'record' in outcome ? outcome.record : undefined;
      if (record === undefined) return ['nothing'];
      await record(new Client());
      return steps;
    },
    metric: async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values ?? [],
  };
}

const done = (): Ended => ({ kind: 'done' });
const malformed = { kind: 'dead', error: { code: 'item-malformed' } };

describe('an item', () => {
  test('is handled by the handler of its kind, as its schema reads it', async () => {
    const seen: unknown[] = [];
    const { run } = world((payload) => (seen.push(payload), { kind: 'done' }));
    expect(await run({ kind: 'converge', reference: TEAM, insist: true })).toEqual({ kind: 'done' });
    expect(seen).toEqual([{ kind: 'converge', reference: TEAM, requireInvites: true, servers: [] }]);
  });

  test.each([null, 'text', {}, { kind: 7 }, { kind: 'converge' }, { kind: 'notice', reason: 'odd' }])(
    'that is malformed becomes a dead letter at once: %j',
    async (payload) => {
      expect(await world(done).run(payload)).toMatchObject(malformed);
    },
  );

  test('that is malformed is not quoted', async () => {
    const outcome = await world(done).run({ kind: 'matrix.event', event: { content: 'Mrs Jansen' } });
    expect(JSON.stringify(outcome)).toContain('event.event_id');
    expect(JSON.stringify(outcome)).not.toContain('Jansen');
  });

  test.each(['from.the.future', 'constructor', '__proto__'])(
    'of the unknown kind %s waits ten minutes for a version that knows it',
    async (kind) => {
      const { run, metric } = world(done);
      const payload: unknown = JSON.parse(`{"kind":"${kind}"}`);
      expect(await run(payload)).toEqual({ kind: 'later', afterMs: 30_000 });
      expect(await run(payload, { ageMs: 10 * MINUTE - 1 })).toEqual({ kind: 'later', afterMs: 30_000 });
      const late = await run(payload, { ageMs: 10 * MINUTE });
      expect(late).toMatchObject({ kind: 'dead', error: { code: 'item-unknown' } });
      expect((await metric('bridge_items_total')).map(({ labels }) => labels)).toEqual([
        { kind: 'unknown', outcome: 'later', reason: '' },
        { kind: 'unknown', outcome: 'dead', reason: 'item-unknown' },
      ]);
    },
  );
});

describe('what a flow wants committed', () => {
  const next = [convergeItem(TEAM, 'a'), convergeItem(TEAM, 'b')];
  const enqueued = 'enqueue a CareTeam/1, b CareTeam/1';

  test('is written first, then all next items at once, and with them what happened', async () => {
    const { committed, steps } = world(() => ({
      kind: 'done',
      record: () => Promise.resolve(void steps.push('record')),
      next,
      facts: [FACT],
    }));
    expect(await committed()).toEqual(['record', `${enqueued}, looked-up by 1`]);
  });

  test('is nothing where there is nothing, so that the inbox can commit many at a time', async () => {
    expect(await world(done).committed()).toEqual(['nothing']);
    const empty: Ended = { kind: 'ignored', reason: 'gone', next: [], facts: [] };
    expect(await world(() => empty).committed()).toEqual(['nothing']);
    const facts: Ended = { kind: 'done', facts: [FACT] };
    expect(await world(() => facts, { listens: false }).committed()).toEqual(['nothing']);
  });

  test('may find what is next in the same transaction, after the record', async () => {
    const { committed, steps } = world(() => ({
      kind: 'done',
      record: () => Promise.resolve(void steps.push('record')),
      next: () => Promise.resolve(next),
    }));
    expect(await committed()).toEqual(['record', enqueued]);
  });

  test('goes with ignored as with done', async () => {
    const ignored = { kind: 'ignored', reason: 'gone' } as const;
    expect(await world(() => ({ ...ignored, next })).committed()).toEqual([enqueued]);
    expect(await world(() => ({ ...ignored, facts: [FACT] })).committed()).toEqual([
      'enqueue looked-up by 1',
    ]);
    expect(await world(() => ({ ...ignored, next })).run(next[0]?.payload)).toMatchObject(ignored);
  });

  test('is put off where the flow says so', async () => {
    const { run, metric } = world(() => ({ kind: 'later', afterMs: 500 }));
    expect(await run(next[0]?.payload)).toEqual({ kind: 'later', afterMs: 500 });
    expect((await metric('bridge_items_total')).map(({ labels }) => labels)).toEqual([
      { kind: 'converge', outcome: 'later', reason: '' },
    ]);
  });
});

describe('a flow that fails', () => {
  const failing = (error: Error) =>
    world(() => {
      throw error;
    });
  const { payload } = convergeItem(TEAM, 'a');

  test('gets the verdict of the catalogue', async () => {
    const away = failing(new BridgeError('fhir-unavailable', '503', { retryAfterMs: 70 }));
    expect(await away.run(payload)).toMatchObject({ kind: 'retry', afterMs: 70 });
    const refused = failing(new BridgeError('fhir-refused', '422'));
    expect(await refused.run(payload)).toMatchObject({ kind: 'dead', error: { code: 'fhir-refused' } });
  });

  test('unexpectedly is tried so often as the catalogue allows', async () => {
    const { run } = failing(new TypeError('Mrs Jansen'));
    expect(await run(payload)).toEqual({
      kind: 'retry',
      error: { code: 'unexpected', message: 'unexpected: see the log' },
      most: 20,
    });
  });

  test('because the database is away is tried again, for as long as that lasts', async () => {
    const error = Object.assign(new Error('duplicate key (name)=(Jansen)'), { code: '57P01' });
    expect(await failing(error).run(payload)).toEqual({
      kind: 'retry',
      error: { code: 'database-unavailable', message: 'database-unavailable: a statement failed' },
    });
  });

  test('because its replica may no longer work says nothing of the item', async () => {
    const error = new Error('aborted');
    await expect(failing(error).run(payload, { signal: ended.signal })).rejects.toBe(error);
  });
});
