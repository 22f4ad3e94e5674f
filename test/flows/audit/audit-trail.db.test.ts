// The audit trail on the real inbox: what happened is stored with the item that tells it, and written once, whatever the server says.
import { beforeEach, describe, expect, test } from 'vitest';
import type { FhirResource } from '../../../src/domain/fhir.ts';
import { createAuditTrail } from '../../../src/flows/audit-trail.ts';
import { feedLookUps } from '../../../src/flows/audit/feed-look-ups.ts';
import { createWriteAuditEvent } from '../../../src/flows/audit/write-event.ts';
import type { Ended } from '../../../src/flows/commit.ts';
import { createItemHandler, type Handlers } from '../../../src/flows/handle-item.ts';
import { convergeItem } from '../../../src/flows/items/converge.ts';
import type { Handle } from '../../../src/inbox/item.ts';
import * as identityAudit from '../../../src/store/identity-audit.ts';
import * as people from '../../../src/store/people.ts';
import { BridgeError, type ErrorCode } from '../../../src/telemetry/errors.ts';
import { createBridge, SETTINGS } from '../../builders/bridge.ts';
import { ref } from '../../builders/fhir.ts';
import { userId } from '../../builders/matrix.ts';
import { useDatabase } from '../../inbox/support/database.ts';
import { useReplicas } from '../../inbox/support/replica.ts';
import { clock, eventually } from '../../inbox/support/time.ts';

const database = useDatabase();
const replicas = useReplicas(database);
const team = (number: number) => ref(`CareTeam/${number}`);

beforeEach(async () => {
  await database.pool.query('truncate identity_audit, person');
});

/** A FHIR server for AuditEvents, and a handler whose items of the kind `converge` tell of one refusal each. */
function createWorld() {
  const written: FhirResource[] = [];
  const state: { refusal: ErrorCode | undefined; refused: number; handled: number } = {
    ...{ refusal: undefined, refused: 0, handled: 0 },
  };
  const bridge = createBridge(database.pool, {
    clock,
    auditTrail: createAuditTrail(SETTINGS.audit, clock),
    auditServer: {
      createOnce(resource) {
        if (state.refusal !== undefined) {
          state.refused += 1;
          return Promise.reject(new BridgeError(state.refusal, 'create AuditEvent', { retryAfterMs: 20 }));
        }
        written.push(resource);
        return Promise.resolve({ reference: ref('AuditEvent/1'), versionId: '1', lastUpdated: '' });
      },
    },
  });
  const writeAuditEvent = createWriteAuditEvent(bridge);
  const unused = () => Promise.reject(new TypeError('No such item was expected'));
  const handlers: Handlers = {
    ...{ 'matrix.event': unused, 'matrix.ephemeral': unused, 'matrix.to_device': unused },
    ...{ 'matrix.invitation': unused, 'fhir.change': unused, notice: unused, publish: unused },
    ...{ 'message-notice': unused, 'send-status': unused, undelivered: unused, 'write-back': unused },
    ...{ 'fhir.deletion': unused, 'conversation-messages': unused, 'set-aside': unused },
    ...{ 'forget-room': unused, 'forget-person': unused },
    ...{ receipts: unused, read: unused, 'fhir.read': unused, 'read-tasks': unused },
    audit: (event, { item, attempt }) => writeAuditEvent(event, item, attempt),
    converge({ reference }) {
      state.handled += 1;
      const ended: Ended = {
        ...{ kind: 'ignored', reason: 'gone' },
        facts: [{ kind: 'refused', reason: 'stranger', by: {}, on: { reference } }],
      };
      return Promise.resolve(ended);
    },
  };
  return { bridge, state, written, handle: createItemHandler({ ...bridge, handlers }) };
}

const ask = async (from: number, to: number): Promise<void> => {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  await database.enqueue(...numbers.map((number) => convergeItem(team(number), 'test')));
};

async function storedAuditItems(): Promise<number> {
  const { rows } = await database.pool.query<{ count: number }>(
    `select count(*)::int from item where source = 'audit'`,
  );
  return rows[0]?.count ?? 0;
}

describe('what happened', () => {
  test.each<ErrorCode>(['fhir-unavailable', 'fhir-token', 'fhir-refused'])(
    'is written once, and none of it is missing, though the server answers %s for a while; nothing else waits for it',
    async (refusal) => {
      const { state, written, handle } = createWorld();
      state.refusal = refusal;
      await replicas.start(handle);
      await ask(0, 30);
      await eventually(() => state.handled === 30 && state.refused > 40);
      expect(written).toEqual([]);
      state.refusal = undefined;
      await eventually(database.lanesAreIdle);
      const ids = written.map(({ id }) => id);
      expect(new Set(ids).size).toBe(30);
      expect(ids).toHaveLength(30);
      expect(await database.pool.query('select from dead_letter')).toMatchObject({ rowCount: 0 });
    },
  );

  test('is not stored where the item that tells it could not be acknowledged', async () => {
    const { written, handle } = createWorld();
    let failures = 2;
    // As when PostgreSQL goes away between the statements and the commit.
    const failing: Handle = async (item, attempt) => {
      const outcome = await handle(item, attempt);
      if (!('record' in outcome) || item.source === 'audit') return outcome;
      const { record } = outcome;
      return {
        ...outcome,
        async record(tx) {
          await record(tx);
          if (failures > 0) {
            failures -= 1;
            throw new TypeError('The commit failed');
          }
        },
      };
    };
    await replicas.start(failing);
    await ask(0, 1);
    await eventually(database.lanesAreIdle);
    await eventually(() => written.length > 0);
    expect(failures).toBe(0);
    expect(await storedAuditItems()).toBe(1);
    expect(written).toHaveLength(1);
  });
});

describe('a look-up', () => {
  const record = (over: Partial<identityAudit.AuditRecord> = {}): identityAudit.AuditRecord => ({
    ...{ at: new Date('2026-11-29T12:00:00Z'), caller: '@cas:example.org', action: 'lookup' },
    ...{ medium: 'email', subject: Buffer.from('hash'), outcome: 'none' },
    ...over,
  });

  test('becomes an AuditEvent once, with who was found, and when it was stored', async () => {
    const { bridge, handle, written } = createWorld();
    const anna = userId('@anna:example.org');
    await people.savePeople(database.pool, [
      { reference: ref('Patient/12'), userId: anna, kind: 'user', source: 'telecom' },
    ]);
    await identityAudit.saveAudit(database.pool, [
      record({ outcome: 'found', found: anna }),
      record({ caller: '10.1.2.3', at: new Date('2026-11-29T12:00:01Z') }),
    ]);
    expect(await feedLookUps(bridge, 200)).toBe(2);
    expect(await feedLookUps(bridge, 200)).toBe(0);
    await replicas.start(handle);
    await eventually(database.lanesAreIdle);
    const events = written.filter(({ resourceType }) => resourceType === 'AuditEvent');
    expect(events.toSorted((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)))).toHaveLength(2);
    expect(events).toContainEqual(
      expect.objectContaining({
        recorded: '2026-11-29T12:00:00.000Z',
        outcomeDesc: 'found',
        entity: [
          expect.objectContaining({ what: { reference: 'Patient/12', type: 'Patient' } }),
          expect.objectContaining({
            query: Buffer.from('action=lookup&medium=email&hash=aGFzaA').toString('base64'),
          }),
        ],
      }),
    );
    expect(events).toContainEqual(
      expect.objectContaining({ recorded: '2026-11-29T12:00:01.000Z', outcomeDesc: 'none' }),
    );
  });

  test('of the version before, which knows nothing of feeding, is fed too', async () => {
    const { bridge } = createWorld();
    await database.pool.query(
      `insert into identity_audit (at, caller, action, medium, subject, outcome)
       values (now(), '10.1.2.3', 'single', 'email', null, 'none')`,
    );
    expect(await feedLookUps(bridge, 200)).toBe(1);
  });
});
