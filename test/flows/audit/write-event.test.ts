// An AuditEvent is written once, however often the server does not take it; only what it refuses for good becomes a dead letter.
import { expect, test } from 'vitest';
import { auditEventsOf } from '../../../src/audit/audit-event.ts';
import { createWriteAuditEvent } from '../../../src/flows/audit/write-event.ts';
import { BridgeError, type ErrorCode } from '../../../src/telemetry/errors.ts';
import { ATTEMPT, SETTINGS } from '../../builders/bridge.ts';
import { ref } from '../../builders/fhir.ts';
import { recordingLog } from '../../builders/log.ts';

const NOW = new Date('2026-11-29T12:00:00Z');
const EVENTS = auditEventsOf(
  { source: 'test', sourceId: '1' },
  [{ kind: 'refused', by: {}, reason: 'stranger', on: { reference: ref('CareTeam/1') } }],
  NOW,
  SETTINGS.audit,
);

/** One attempt: with its links, and without. */
const REFUSED: readonly ErrorCode[] = ['fhir-refused', 'fhir-refused'];

interface Try {
  readonly number?: number;
  readonly ageMs?: number;
  readonly retryAfterMs?: number;
  /** Since the first. */
  readonly afterMs?: number;
}

/** A server whose answers are these, in turn; after them it takes everything. */
function createScene(answers: readonly (ErrorCode | Error)[]) {
  let [now, tried, retryAfterMs] = [NOW.getTime(), [] as string[], 0];
  const left = [...answers];
  const [event] = EVENTS;
  if (event === undefined) throw new TypeError('There is one event');
  const writeAuditEvent = createWriteAuditEvent({
    clock: { now: () => new Date(now), monotonicMs: () => 0 },
    ...{ log: recordingLog(), settings: SETTINGS },
    auditServer: {
      createOnce(resource, { mayExist }) {
        const link = JSON.stringify(resource).includes('"reference":') ? 'linked' : 'unlinked';
        tried.push(mayExist ? `${link}, after a look` : link);
        const answer = left.shift();
        if (answer === undefined)
          return Promise.resolve({ reference: ref('AuditEvent/1'), versionId: '1', lastUpdated: '' });
        const error =
          answer instanceof Error
            ? answer
            : new BridgeError(answer, 'create', retryAfterMs > 0 ? { retryAfterMs } : {});
        return Promise.reject(error);
      },
    },
  });
  return async (one: Try = {}) => {
    now = NOW.getTime() + (one.afterMs ?? 0);
    [tried, retryAfterMs] = [[], one.retryAfterMs ?? 0];
    const receivedAt = new Date(NOW.getTime() - (one.ageMs ?? 0));
    const outcome = await writeAuditEvent(
      { kind: 'audit', event },
      { receivedAt },
      { ...ATTEMPT, number: one.number ?? 1 },
    );
    return { outcome, tried };
  };
}

const write = (answers: readonly (ErrorCode | Error)[], one?: Try) => createScene(answers)(one);

test('it is written, and that is no fact', async () => {
  expect(await write([])).toEqual({ outcome: { kind: 'done' }, tried: ['linked'] });
});

test.each<[ErrorCode, number, number]>([
  ['fhir-unavailable', 1, 500],
  ['fhir-unavailable', 4, 4_000],
  ['fhir-token', 100, 60_000],
  ['fhir-conflict', 2, 1_000],
])(
  'after %s at attempt %d it is tried again in %d ms, without counting as a failure',
  async (code, number, afterMs) => {
    const { outcome } = await write([code], { number, ageMs: 365 * 86_400_000 });
    expect(outcome).toEqual({ kind: 'later', afterMs });
  },
);

test('it is tried again when the server says so', async () => {
  const { outcome } = await write(['fhir-rate-limited'], { retryAfterMs: 7_000 });
  expect(outcome).toEqual({ kind: 'later', afterMs: 7_000 });
});

test('a repetition looks first whether it is there', async () => {
  expect((await write([], { number: 2 })).tried).toEqual(['linked, after a look']);
});

test('where the server refuses its links, it is written without', async () => {
  expect(await write(['fhir-refused'])).toEqual({ outcome: { kind: 'done' }, tried: ['linked', 'unlinked'] });
});

test('what is refused even so is tried again for ten minutes, then becomes a dead letter', async () => {
  const attempt = createScene(REFUSED.flatMap((code) => [code, code, code]));
  expect((await attempt()).outcome).toEqual({ kind: 'later', afterMs: 500 });
  expect((await attempt({ afterMs: 599_999 })).outcome).toEqual({ kind: 'later', afterMs: 500 });
  await expect(attempt({ afterMs: 600_000 })).rejects.toMatchObject({ code: 'fhir-refused' });
});

test('what happened while the server was away has ten minutes from when it is back', async () => {
  const attempt = createScene([...REFUSED, 'fhir-unavailable', ...REFUSED, ...REFUSED]);
  const ageMs = 86_400_000;
  expect((await attempt({ ageMs })).outcome).toMatchObject({ kind: 'later' });
  expect((await attempt({ ageMs, afterMs: 590_000 })).outcome).toMatchObject({ kind: 'later' });
  expect((await attempt({ ageMs, afterMs: 600_000 })).outcome).toMatchObject({ kind: 'later' });
  await expect(attempt({ ageMs, afterMs: 1_200_000 })).rejects.toMatchObject({ code: 'fhir-refused' });
});

/** Time is told, not waited for: who waits for longest is next. */
async function refusedForAMinute(code: ErrorCode) {
  let now = NOW.getTime();
  const [refusedUntil, written] = [now + 60_000, new Set<string>()];
  const writeAuditEvent = createWriteAuditEvent({
    clock: { now: () => new Date(now), monotonicMs: () => 0 },
    ...{ log: recordingLog(), settings: SETTINGS },
    auditServer: {
      createOnce({ id }) {
        if (now < refusedUntil) return Promise.reject(new BridgeError(code, 'create AuditEvent'));
        written.add(id);
        return Promise.resolve({ reference: ref(`AuditEvent/${id}`), versionId: '1', lastUpdated: '' });
      },
    },
  });
  const facts = Array.from({ length: 50 }, (_, index) => ({
    ...{ kind: 'refused' as const, by: {}, reason: 'stranger', on: { reference: ref(`CareTeam/${index}`) } },
  }));
  const waiting = auditEventsOf({ source: 'test', sourceId: '2' }, facts, NOW, SETTINGS.audit).map(
    (event, index) => ({
      event,
      receivedAt: new Date(now + index * 1_000),
      at: now + index * 1_000,
      number: 1,
    }),
  );
  for (;;) {
    const next = waiting.toSorted((a, b) => a.at - b.at)[0];
    if (next === undefined) return { written, all: facts.length, tookMs: now - NOW.getTime() };
    now = Math.max(now, next.at);
    const attempt = { ...ATTEMPT, number: next.number };
    const outcome = await writeAuditEvent({ kind: 'audit', event: next.event }, next, attempt);
    if (outcome.kind === 'later') [next.at, next.number] = [now + outcome.afterMs, next.number + 1];
    else waiting.splice(waiting.indexOf(next), 1);
  }
}

test.each<ErrorCode>([
  'fhir-unavailable',
  'fhir-failed',
  'fhir-token',
  'fhir-conflict',
  'fhir-refused',
  'fhir-too-large',
])(
  'of what happened while the server answered %s for a minute none is missing, a minute later',
  async (code) => {
    const { written, all, tookMs } = await refusedForAMinute(code);
    expect(written.size).toBe(all);
    expect(tookMs).toBeLessThan(120_000);
  },
);

test('where the server itself fails on it for a minute, it is written without links', async () => {
  const { outcome, tried } = await write(['fhir-failed'], { number: 8 });
  expect(outcome).toEqual({ kind: 'done' });
  expect(tried).toEqual(['linked, after a look', 'unlinked, after a look']);
});

test.each<[string, ErrorCode, number]>([
  ['failed on it for a shorter time', 'fhir-failed', 7],
  ['does not answer', 'fhir-unavailable', 100],
])('where the server %s, it keeps its links', async (_, answer, number) => {
  const { outcome, tried } = await write([answer], { number });
  expect(outcome).toMatchObject({ kind: 'later' });
  expect(tried).toEqual(['linked, after a look']);
});

/** A server that fails on the first of two lanes; the other lane brings one each minute, while the server takes any. */
async function failingOnOne({ takesOthers, forMinutes }: { takesOthers: boolean; forMinutes: number }) {
  const [first, ...others] = auditEventsOf(
    { source: 'test', sourceId: '3' },
    Array.from({ length: forMinutes + 1 }, () => ({
      ...{ kind: 'refused' as const, by: {}, reason: 'stranger', on: { reference: ref('CareTeam/1') } },
    })),
    NOW,
    SETTINGS.audit,
  );
  if (first === undefined) throw new TypeError('There is one event');
  let now = NOW.getTime();
  const writeAuditEvent = createWriteAuditEvent({
    clock: { now: () => new Date(now), monotonicMs: () => 0 },
    ...{ log: recordingLog(), settings: SETTINGS },
    auditServer: {
      createOnce: ({ id }) =>
        id !== first.id && takesOthers
          ? Promise.resolve({ reference: ref(`AuditEvent/${id}`), versionId: '1', lastUpdated: '' })
          : Promise.reject(new BridgeError('fhir-failed', 'create AuditEvent: 500')),
    },
  });
  const of = { receivedAt: NOW };
  for (const [minute, other] of others.entries()) {
    now = NOW.getTime() + minute * 60_000;
    const attempt = { ...ATTEMPT, number: minute + 1 };
    await writeAuditEvent({ kind: 'audit', event: other }, of, ATTEMPT);
    await writeAuditEvent({ kind: 'audit', event: first }, of, attempt);
  }
}

test('one that the server fails on for good, while it takes others, becomes a dead letter, and holds up nothing', async () => {
  await failingOnOne({ takesOthers: true, forMinutes: 10 });
  await expect(failingOnOne({ takesOthers: true, forMinutes: 12 })).rejects.toMatchObject({
    code: 'fhir-refused',
  });
});

test('while the server fails on all, however long, none becomes a dead letter', async () => {
  await failingOnOne({ takesOthers: false, forMinutes: 1_440 });
});

test('a fault of the bridge itself is not taken for the server’s', async () => {
  const fault = new TypeError('no');
  await expect(write([fault])).rejects.toBe(fault);
});
