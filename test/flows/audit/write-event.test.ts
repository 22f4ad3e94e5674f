// An AuditEvent is written once, however often the server does not take it; only what it refuses for good becomes a dead letter.
import { expect, test } from 'vitest';
import { auditEventsOf } from '../../../src/audit/audit-event.ts';
import { writeAuditEvent } from '../../../src/flows/audit/write-event.ts';
import { BridgeError, type ErrorCode } from '../../../src/telemetry/errors.ts';
import { ATTEMPT, clockAt, SETTINGS } from '../../builders/bridge.ts';
import { ref } from '../../builders/fhir.ts';
import { recordingLog } from '../../builders/log.ts';

const NOW = new Date('2026-11-29T12:00:00Z');
const EVENTS = auditEventsOf(
  { source: 'test', sourceId: '1' },
  [{ kind: 'refused', by: {}, reason: 'stranger', on: { reference: ref('CareTeam/1') } }],
  NOW,
  SETTINGS.audit,
);

/** Writes to a server whose answers are these, in turn; after them it takes everything. */
async function write(
  answers: readonly (ErrorCode | Error)[],
  { number = 1, ageMs = 0, retryAfterMs = 0 } = {},
) {
  const tried: string[] = [];
  const left = [...answers];
  const [event] = EVENTS;
  if (event === undefined) throw new TypeError('There is one event');
  const outcome = writeAuditEvent(
    {
      ...{ clock: clockAt(NOW.getTime()), log: recordingLog(), settings: SETTINGS },
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
    },
    { kind: 'audit', event },
    { receivedAt: new Date(NOW.getTime() - ageMs) },
    { ...ATTEMPT, number },
  );
  return { outcome: await outcome, tried };
}

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
  const refused = ['fhir-refused', 'fhir-refused'] as const;
  expect((await write(refused, { ageMs: 599_999 })).outcome).toEqual({ kind: 'later', afterMs: 500 });
  await expect(write(refused, { ageMs: 600_000 })).rejects.toMatchObject({ code: 'fhir-refused' });
});

test('a fault of the bridge itself is not taken for the server’s', async () => {
  const fault = new TypeError('no');
  await expect(write([fault])).rejects.toBe(fault);
});
