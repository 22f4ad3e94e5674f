// Platforms are told of Communications that did not reach their room, on real tables: by one Task, for as long as it holds.
import { describe, expect, test } from 'vitest';
import type { Communication } from '../../../src/domain/fhir.ts';
import { ignoredReasons } from '../../../src/flows/ignored-reasons.ts';
import { changeOf } from '../../../src/flows/items/fhir-change.ts';
import { reportFailure, UNDELIVERED_WHEN, withReport } from '../../../src/flows/messages/undelivered.ts';
import type { FlowOutcome } from '../../../src/flows/outcome.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { communication, ref, request } from '../../builders/fhir.ts';
import { eventId } from '../../builders/matrix.ts';
import { committed, ROOM } from '../../builders/relay-world.ts';
import { createToldWorld } from '../../builders/told-world.ts';

const pool = useBridgeDatabase();
const REFERENCE = ref('Communication/7');

function createWorld(settings?: Parameters<typeof createToldWorld>[1]) {
  const world = createToldWorld(pool(), settings);
  let version = 0;
  /** The item of the next version of the Communication. */
  const changed = (over: Partial<Record<keyof Communication, unknown>> = {}) => {
    const { versionId } = world.fhir.put({ ...communication(over), id: '7' });
    const meta = { versionId, lastUpdated: '' };
    const payload = changeOf('Communication', { id: '7', meta });
    return { lane: '', source: 'fhir.change', sourceId: `${REFERENCE}/${versionId}`, payload };
  };
  return {
    ...world,
    changed,
    /** How an attempt to carry the next version ended. */
    ended: async (outcome: FlowOutcome): Promise<void> => {
      version += 1;
      const tried = { message: REFERENCE, cause: `${REFERENCE}/${version}` };
      await world.store((await committed(pool(), withReport(world.bridge, tried, outcome))).next);
    },
    /** Writes what is to be written. @returns the Tasks as they stand */
    tasks: async (): Promise<readonly unknown[]> => {
      for (const item of await world.items('undelivered')) await world.run(item);
      return world.fhir.tasks();
    },
    counted: async () => (await world.bridge.metrics.undelivered.get()).values.map(({ labels }) => labels),
  };
}

const failed = (reason: string) => ({
  status: 'failed',
  intent: 'order',
  focus: { reference: 'Communication/7' },
  statusReason: { coding: [{ code: reason }, { system: 'http://hl7.org/fhir/issue-type' }] },
});

describe('a Communication', () => {
  test.each([
    ['with only a note', { payload: undefined, note: [{ text: 'secret' }] }, 'no-content'],
    ['with only a topic', { payload: [], topic: { text: 'secret' } }, 'no-content'],
    ['without a conversation', { partOf: undefined }, 'no-conversation'],
    ['of a status that is not sent', { status: 'on-hold' }, 'status-not-sent'],
  ])('%s gets a Task, which never says what it says', async (_, over, reason) => {
    const { changed, run, tasks, counted } = createWorld();
    expect(await run(changed(over))).toMatchObject({ kind: 'ignored' });
    const written = await tasks();
    expect(written).toMatchObject([failed(reason)]);
    expect(JSON.stringify(written)).not.toMatch(/secret|Good morning/);
    expect(await counted()).toEqual([{ reason }]);
  });

  test.each([
    ['matrix-too-large', 'too-large'],
    ['matrix-refused', 'refused'],
    ['matrix-unavailable', 'not-delivered'],
    ['reference-missing', 'not-delivered'],
  ])('that became a dead letter by %s gets one', async (code, reason) => {
    const { changed, giveUp, tasks } = createWorld();
    await giveUp(changed(), code);
    expect(await tasks()).toMatchObject([failed(reason)]);
  });

  test('that is tried twice gets one Task', async () => {
    const { changed, run, giveUp, tasks } = createWorld();
    await run(changed({ partOf: undefined }));
    await giveUp(changed(), 'matrix-too-large');
    expect(await tasks()).toMatchObject([failed('too-large')]);
  });

  test('that was written again by its platform gets it back completed, or failed once more', async () => {
    const { changed, ended, tasks } = createWorld();
    changed();
    await ended({ kind: 'ignored', reason: 'no-conversation' });
    expect(await tasks()).toMatchObject([failed('no-conversation')]);
    await ended({ kind: 'done' });
    expect(await tasks()).toMatchObject([{ status: 'completed' }]);
    await ended({ kind: 'ignored', reason: 'edit-not-carried' });
    expect(await tasks()).toMatchObject([failed('change-not-carried')]);
  });

  test('that is gone leaves a cancelled Task', async () => {
    const { changed, ended, tasks } = createWorld();
    changed();
    await ended({ kind: 'ignored', reason: 'closed' });
    await tasks();
    await ended({ kind: 'ignored', reason: 'gone' });
    expect(await tasks()).toMatchObject([{ status: 'cancelled' }]);
  });

  test('that was taken out of the room leaves a cancelled Task', async () => {
    const { changed, ended, tasks } = createWorld();
    changed();
    await ended({ kind: 'ignored', reason: 'edit-not-carried' });
    await tasks();
    const on = { reference: REFERENCE };
    const event = { roomId: ROOM, eventId: eventId('$r') };
    await ended({
      kind: 'done',
      facts: [{ kind: 'retracted', direction: 'to-matrix', by: {}, on, ...event }],
    });
    expect(await tasks()).toMatchObject([{ status: 'cancelled' }]);
  });

  test('that was deleted likewise', async () => {
    const { changed, ended, tasks, fhir, run } = createWorld();
    changed();
    await ended({ kind: 'ignored', reason: 'closed' });
    await tasks();
    fhir.remove(REFERENCE);
    const payload = { kind: 'fhir.deletion', reference: REFERENCE, versionId: '2' };
    await run({ lane: '', source: 'fhir.deletion', sourceId: `${REFERENCE}/2`, payload });
    expect(await tasks()).toMatchObject([{ status: 'cancelled' }]);
  });

  test('of which the first message failed is a CommunicationRequest', async () => {
    const { bridge, fhir, store, tasks } = createWorld();
    fhir.put({ ...request(), id: '7' });
    const tried = { message: ref('CommunicationRequest/7'), cause: 'CommunicationRequest/7' };
    await store(await bridge.transact((tx) => reportFailure(bridge, tx, tried, 'content-lost')));
    const focus = { reference: 'CommunicationRequest/7' };
    expect(await tasks()).toMatchObject([{ ...failed('content-lost'), focus }]);
  });

  test('that never failed has none', async () => {
    const { changed, ended, tasks } = createWorld();
    changed();
    await ended({ kind: 'done' });
    await ended({ kind: 'ignored', reason: 'gone' });
    await ended({ kind: 'ignored', reason: 'unchanged' });
    expect(await tasks()).toEqual([]);
  });

  test('is only counted where Tasks are off', async () => {
    const { changed, ended, tasks, counted } = createWorld({ reportFailures: 'off' });
    changed();
    await ended({ kind: 'ignored', reason: 'no-conversation' });
    expect(await tasks()).toEqual([]);
    expect(await counted()).toEqual([{ reason: 'no-conversation' }]);
  });
});

test('a dead letter that is no message has no Task', async () => {
  const { giveUp, items } = createWorld();
  const payload = { kind: 'fhir.change', resourceType: 'CareTeam', reference: 'CareTeam/1', versionId: '1' };
  await giveUp({ lane: '', source: 'fhir.change', sourceId: 'CareTeam/1/1', payload }, 'fhir-refused');
  expect(await items('undelivered')).toEqual([]);
});

test('each reason to ignore a Communication is a failure or none', () => {
  expect(Object.keys(UNDELIVERED_WHEN).sort()).toEqual([
    'closed',
    'edit-not-carried',
    'empty',
    'no-conversation',
    'status',
  ]);
  expect(Object.keys(ignoredReasons)).toEqual(expect.arrayContaining(Object.keys(UNDELIVERED_WHEN)));
});
