// The metrics: one that was renamed is read by its former name too, for as long as dashboards need to follow.
import { expect, test } from 'vitest';
import { createMetrics } from '../../src/telemetry/metrics.ts';

test('a counter that was renamed says the same under both names, however often it is read', async () => {
  const { registry, wakeUps, reconcileMended } = createMetrics();
  wakeUps.inc({ source: 'matrix', result: 'stored' }, 3);
  reconcileMended.inc({ kind: 'CareTeam' });
  const lines = async (): Promise<readonly string[]> =>
    (await registry.metrics())
      .split('\n')
      .filter((line) => /^bridge_(doorbells|wake_ups|sweep|reconcile)/.test(line));
  await lines();
  wakeUps.inc({ source: 'fhir', result: 'stored' });
  expect(await lines()).toEqual([
    'bridge_reconcile_mended_total{kind="CareTeam"} 1',
    'bridge_wake_ups_total{source="matrix",result="stored"} 3',
    'bridge_wake_ups_total{source="fhir",result="stored"} 1',
    'bridge_doorbells_total{source="matrix",result="stored"} 3',
    'bridge_doorbells_total{source="fhir",result="stored"} 1',
    'bridge_sweep_mended_total{kind="CareTeam"} 1',
  ]);
});

test('how busy the process was is told from scrape to scrape, between 0 and 1', async () => {
  const { registry } = createMetrics();
  const busy = async (): Promise<number> =>
    Number(/^bridge_event_loop_utilization (.*)$/m.exec(await registry.metrics())?.[1]);
  await busy();
  await new Promise((resolve) => setTimeout(resolve, 200));
  const atRest = await busy();
  const until = performance.now() + 200;
  await new Promise((resolve) => setImmediate(resolve));
  while (performance.now() < until) Math.sqrt(until);
  await new Promise((resolve) => setImmediate(resolve));
  const atWork = await busy();
  expect([atRest, atWork].every((each) => each >= 0 && each <= 1)).toBe(true);
  expect(atWork).toBeGreaterThan(atRest);
});
