// A job that stands still on one replica is told of by every other one, and what it found is told once.
import { expect, test } from 'vitest';
import { createJobWatch } from '../../src/app/job-watch.ts';
import { createPassNotes, readPasses } from '../../src/inbox/job-passes.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { findOpen, noteRestoration, saveReconciled } from '../../src/store/restorations.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { recordingLog } from '../builders/log.ts';

const pool = useBridgeDatabase();
const JOB = { name: 'fhir:Task', intervalMs: 5_000, service: 'fhir' as const };

const settableClock = () => {
  const clock = { ms: 0, monotonicMs: () => clock.ms, now: () => new Date(clock.ms) };
  return clock;
};

/** A replica that watches the job, and may note how its passes end. */
function createReplica(clock = settableClock()) {
  const [log, metrics] = [recordingLog(), createMetrics()];
  const watch = createJobWatch({
    ...{ pool: pool(), jobs: [JOB], metrics, log, clock },
    sleep: () => Promise.resolve(),
  });
  const notePass = createPassNotes(pool(), clock);
  return {
    ...{ log, metrics, clock, watch },
    look: async () => {
      await watch.look();
      return Object.fromEntries(watch.still());
    },
    notePass,
  };
}

const gauge = async (metrics: ReturnType<typeof createMetrics>, name: string) =>
  (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value;

test('passes that fail one after the other are told of by another replica, and so is the end of it', async () => {
  const [maker, other] = [createReplica(), createReplica()];
  await maker.notePass(JOB.name, 'ok');
  expect(await other.look()).toEqual({});
  for (let n = 0; n < 3; n += 1) await maker.notePass(JOB.name, 'failed');
  expect(await other.look()).toEqual({ [JOB.name]: { service: 'fhir', how: 'failing' } });
  expect(await other.look()).toEqual({ [JOB.name]: { service: 'fhir', how: 'failing' } });
  expect(await gauge(other.metrics, 'bridge_reader_degraded')).toBe(1);
  expect(await gauge(other.metrics, 'bridge_reader_failing_passes')).toBe(3);
  await maker.notePass(JOB.name, 'ok');
  expect(await other.look()).toEqual({});
  expect(await gauge(other.metrics, 'bridge_reader_degraded')).toBe(0);
  expect(other.log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'error A job stands still',
    'info A job goes on',
  ]);
});

test('a pass that does not end makes the job late, by the clock of the database', async () => {
  const { look, metrics, notePass } = createReplica();
  await notePass(JOB.name, 'ok');
  await pool().query(`update job_pass set passed_at = now() - interval '76 seconds'`);
  expect(await look()).toEqual({ [JOB.name]: { service: 'fhir', how: 'late' } });
  expect(await gauge(metrics, 'bridge_reader_last_pass_seconds')).toBeCloseTo(76, 0);
});

test('a job that no replica ever does is late once it was watched for long enough', async () => {
  const { clock, look } = createReplica();
  clock.ms = 75_000;
  expect(await look()).toEqual({});
  clock.ms = 76_000;
  expect(await look()).toEqual({ [JOB.name]: { service: 'fhir', how: 'late' } });
});

test('good passes are noted four times a minute, and one after a failure at once', async () => {
  const { clock, notePass } = createReplica();
  const noted = async () =>
    (await pool().query<{ x: string }>('select xmin::text as x from job_pass')).rows[0]?.x;
  await notePass(JOB.name, 'ok');
  const first = await noted();
  await notePass(JOB.name, 'ok');
  expect(await noted()).toBe(first);
  clock.ms += 15_000;
  await notePass(JOB.name, 'ok');
  const second = await noted();
  expect(second).not.toBe(first);
  await notePass(JOB.name, 'failed');
  await notePass(JOB.name, 'ok');
  expect(await readPasses(pool())).toMatchObject(new Map([[JOB.name, { failures: 0 }]]));
});

test('without the database the last look counts', async () => {
  const [log, stop] = [recordingLog(), new AbortController()];
  const watch = createJobWatch({
    ...{ jobs: [JOB], metrics: createMetrics(), clock: settableClock(), log },
    pool: { query: () => Promise.reject(new Error('no connection')) },
    sleep: () => {
      stop.abort();
      return Promise.resolve();
    },
  });
  await watch.run(stop.signal);
  expect([watch.still().size, log.lines.map(({ level }) => level)]).toEqual([0, ['debug']]);
});

test('what went back to an earlier state is told of by every replica, until all is compared', async () => {
  const { look, metrics, watch } = createReplica();
  await noteRestoration(pool(), 'matrix');
  await look();
  expect(watch.restored()).toEqual(['matrix']);
  const values = async () =>
    (await metrics.restored.get()).values.map(({ labels, value }) => [labels.what, value]);
  expect(await values()).toEqual([
    ['database', 0],
    ['fhir', 0],
    ['matrix', 1],
  ]);
  const [open] = await findOpen(pool());
  if (open !== undefined) await saveReconciled(pool(), open, undefined);
  await look();
  expect(watch.restored()).toEqual([]);
  expect(await values()).toContainEqual(['matrix', 0]);
});
