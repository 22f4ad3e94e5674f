// The stages of an item as a metric: how long each took, by literal times.
import { expect, test } from 'vitest';
import { eventItem } from '../../src/flows/items/event.ts';
import { changeItem } from '../../src/flows/items/fhir-change.ts';
import { createRecordTimer, withStagesTimed } from '../../src/flows/stages.ts';
import type { Item, NewItem, Outcome } from '../../src/inbox/item.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { ATTEMPT } from '../builders/bridge.ts';
import { stored } from '../builders/fhir.ts';
import { message } from '../builders/matrix.ts';

const DONE: Outcome = { kind: 'done' };
const AGAIN: Outcome = { kind: 'retry', error: { code: 'fhir-unavailable', message: '' } };
const thread = { threadOf: () => undefined };

/** Of an item that was stored at 12:00:00.2 and is handled from 12:00:01 on for 300 ms: the sum of each stage in ms. */
async function timed(item: NewItem, outcomes: readonly Outcome[] = [DONE]) {
  const { registry, stageSeconds } = createMetrics();
  let nowMs = Date.parse('2026-11-29T12:00:01Z');
  const deps = {
    metrics: { stageSeconds },
    clock: { now: () => new Date(nowMs), monotonicMs: () => nowMs },
  };
  const given: Item = { ...item, position: 1, receivedAt: new Date('2026-11-29T12:00:00.2Z') };
  for (const [index, outcome] of outcomes.entries()) {
    const handle = withStagesTimed(deps, () => {
      nowMs += 300;
      return Promise.resolve(outcome);
    });
    createRecordTimer(deps)(given, await handle(given, { ...ATTEMPT, number: index + 1 }), 20);
  }
  const sums = (await registry.getMetricsAsJSON())
    .filter(({ name }) => name === 'bridge_item_stage_seconds')
    .flatMap(({ values }) => values)
    .filter((value) => 'metricName' in value && String(value.metricName).endsWith('_sum'))
    .map(({ labels, value }) => [
      `${String(labels['kind'])} ${String(labels['stage'])}`,
      Math.round(value * 1000),
    ]);
  return Object.fromEntries(sums) as Record<string, number>;
}

test('a message of a user arrives from when its homeserver stamped it, waits, is handled and recorded', async () => {
  const event = message({ origin_server_ts: Date.parse('2026-11-29T12:00:00Z') });
  expect(await timed(eventItem(event))).toEqual({
    'matrix.event arrive': 200,
    'matrix.event wait': 800,
    'matrix.event handle': 300,
    'matrix.event record': 20,
  });
});

test('a record arrives from when the FHIR server stamped its version', async () => {
  const version = stored('Communication/1', '2', '2026-11-29T12:00:00.150Z');
  expect(await timed(changeItem(version, thread))).toMatchObject({ 'fhir.change arrive': 50 });
});

test('what is tried again arrives and waits once, and only its last attempt is handled', async () => {
  expect(await timed(eventItem(message()), [AGAIN, AGAIN, DONE])).toMatchObject({
    ...{ 'matrix.event wait': 800, 'matrix.event handle': 300, 'matrix.event record': 20 },
  });
});

test('a server whose clock is ahead is taken for quick, not for quicker than that', async () => {
  const event = message({ origin_server_ts: Date.parse('2026-11-29T12:30:00Z') });
  expect(await timed(eventItem(event))).toMatchObject({ 'matrix.event arrive': 0 });
});

test('one wrong time does not outweigh all others: no stage counts for more than a day', async () => {
  const day = 24 * 60 * 60_000;
  expect(await timed(eventItem(message({ origin_server_ts: -1e300 })))).toMatchObject({
    'matrix.event arrive': day,
  });
});

test('a version without its stamp, as stored by versions before, tells no arrival', async () => {
  const version = changeItem(stored('Communication/1', '2', '2026-11-29T12:00:00.150Z'), thread);
  expect(await timed({ ...version, sourceId: 'Communication/1/2' })).not.toHaveProperty('fhir.change arrive');
});

test('an item of a kind that this version does not know has no label of its own', async () => {
  const item = { lane: 'a', source: 'x', sourceId: '1', payload: { kind: 'of-another-version' } };
  expect(await timed(item)).toEqual({ 'unknown wait': 800, 'unknown handle': 300, 'unknown record': 20 });
});
