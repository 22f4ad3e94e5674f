// Read state on real tables: receipts become one reading, platforms' reports become receipts, and both only go forward.
import { describe, expect, test } from 'vitest';
import { useBridgeDatabase } from '../../builders/database.ts';
import { eventId, userId } from '../../builders/matrix.ts';
import {
  createReadStateWorld,
  DOCTOR,
  FIRST,
  KIN,
  NURSE,
  REQUEST,
  ROOM,
} from '../../builders/read-state-world.ts';

const pool = useBridgeDatabase();

/** As a client of poc-iznc posts it. */
const postedTask = (id: string, communication: string, owner: string = KIN.person) => ({
  ...{ resourceType: 'Task', id, status: 'completed', intent: 'order' },
  ...{ focus: { reference: `Communication/${communication}` }, owner: { reference: owner } },
});
const accessAudit = (id: string, entities: readonly string[], who: string = KIN.person) => ({
  ...{ resourceType: 'AuditEvent', id, action: 'R', recorded: '2026-11-29T12:00:00Z' },
  type: { system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle', code: 'access' },
  agent: [{ who: { reference: who }, requestor: true }],
  entity: entities.map((reference) => ({ what: { reference } })),
});

describe('a receipt of a person with an account', () => {
  test('is told once, with all that an audit needs', async () => {
    const { carry, receive, run, facts } = await createReadStateWorld(pool());
    await carry('1', DOCTOR);
    await run(await receive(NURSE, '$1'));
    expect(facts).toEqual([
      {
        kind: 'read',
        direction: 'to-fhir',
        by: { ...NURSE, team: undefined },
        on: { reference: 'Communication/1', versionId: '1' },
        conversation: { reference: REQUEST, versionId: '1' },
        ...{ roomId: ROOM, eventId: '$1', subject: 'Patient/12', at: Date.UTC(2026, 10, 29, 12) },
      },
    ]);
  });

  test('writes nothing to the FHIR server by itself, and sets no receipt', async () => {
    const { carry, receive, run, fhir, set } = await createReadStateWorld(pool());
    await carry('1');
    const before = fhir.writes.length;
    await run(await receive(DOCTOR, '$1'));
    expect(fhir.writes.slice(before)).toEqual([]);
    expect(set).toEqual([]);
  });

  test('for the first message is a reading of the conversation itself', async () => {
    const { receive, run, facts } = await createReadStateWorld(pool());
    await run(await receive(DOCTOR, FIRST));
    expect(facts).toMatchObject([{ kind: 'read', on: { reference: REQUEST }, eventId: FIRST }]);
  });

  test('waits until they have stopped scrolling, and counts once for all', async () => {
    const { carry, receive, run, facts, outcomes, positions } = await createReadStateWorld(pool());
    for (const name of ['1', '2', '3']) await carry(name);
    const items = [
      ...(await receive(DOCTOR, '$1')),
      ...(await receive(DOCTOR, '$2')),
      ...(await receive(DOCTOR, '$3')),
    ];
    await run(items);
    expect(facts).toHaveLength(1);
    expect(await positions()).toEqual({ [DOCTOR.person]: '$3' });
    expect(outcomes.filter((outcome) => outcome === 'receipts-taken')).toHaveLength(2);
  });

  test('is not waited for without end', async () => {
    const { carry, receive, run, state, facts } = await createReadStateWorld(pool());
    await carry('1');
    const items = await receive(DOCTOR, '$1');
    await pool().query(`update receipt set arrived_at = now() - interval '50 seconds'`);
    await receive(DOCTOR, '$first');
    state.now = new Date();
    await run(items);
    expect(facts).toHaveLength(1);
    expect(state.now.getTime() - Date.now()).toBeLessThan(2_000);
  });

  test('does not go back', async () => {
    const { carry, receive, run, facts, outcomes, positions } = await createReadStateWorld(pool());
    for (const name of ['1', '2']) await carry(name);
    await run(await receive(DOCTOR, '$2'));
    await run(await receive(DOCTOR, '$1'));
    expect(outcomes.at(-1)).toBe('read-before');
    expect(await positions()).toEqual({ [DOCTOR.person]: '$2' });
    expect(facts).toHaveLength(1);
  });

  test('for what is no message counts for the last message before it', async () => {
    const { carry, receive, run, timeline, positions } = await createReadStateWorld(pool());
    await carry('1');
    timeline.add(eventId('$reaction'));
    timeline.add(eventId('$topic'));
    await carry('2');
    await run(await receive(DOCTOR, '$topic'));
    expect(await positions()).toEqual({ [DOCTOR.person]: '$1' });
  });

  test('for a message that is still on its way waits for it', async () => {
    const { carry, receive, run, timeline, outcomes, positions, state } = await createReadStateWorld(pool());
    const late = eventId('$2');
    await carry('1');
    timeline.add(late);
    timeline.unhandled.add(late);
    const items = await receive(DOCTOR, '$2');
    const original = timeline.unhandled.has.bind(timeline.unhandled);
    let looks = 0;
    timeline.unhandled.has = (id) => {
      looks += 1;
      if (looks === 5) void carry('2').then(() => timeline.unhandled.delete(late));
      return original(id);
    };
    const begun = state.now.getTime();
    await run(items);
    expect(outcomes).toContain('later');
    expect(state.now.getTime()).toBeGreaterThan(begun);
    expect(await positions()).toEqual({ [DOCTOR.person]: '$2' });
  });

  test('for a message that waits for another waits as well', async () => {
    const { carry, receive, run, timeline, outcomes, positions, bridge } = await createReadStateWorld(pool());
    await carry('1');
    timeline.add(eventId('$reply'));
    await pool().query(
      `insert into waiting_item (waits_for, about, lane, payload) values ('$missing', '$reply', 'x', '{}')`,
    );
    const found = bridge.store.waitingItems.findWaiting.bind(bridge.store.waitingItems);
    let looks = 0;
    Object.assign(bridge, {
      store: {
        ...bridge.store,
        waitingItems: {
          ...bridge.store.waitingItems,
          findWaiting: async (...given: Parameters<typeof found>) => {
            looks += 1;
            if (looks === 3) {
              await pool().query('delete from waiting_item');
              await carry('reply');
            }
            return found(...given);
          },
        },
      },
    });
    await run(await receive(DOCTOR, '$reply'));
    expect(outcomes.filter((outcome) => outcome === 'later').length).toBeGreaterThan(1);
    expect(await positions()).toEqual({ [DOCTOR.person]: '$reply' });
  });
});

describe('a receipt that says nothing', () => {
  test('of a user whom FHIR does not know', async () => {
    const { carry, receive, run, outcomes } = await createReadStateWorld(pool());
    await carry('1');
    await run(await receive({ userId: userId('@stranger:elsewhere.example') }, '$1'));
    expect(outcomes.at(-1)).toBe('unmapped-reader');
    expect((await pool().query('select from receipt')).rows).toEqual([]);
  });

  test('for a message of another room, which the reader may not be in', async () => {
    const { carry, receive, run, facts } = await createReadStateWorld(pool());
    await carry('1');
    await pool().query(`update message_link set room_id = '!other:example.org'`);
    await run(await receive(DOCTOR, '$1'));
    expect(facts.filter(({ on }) => on?.reference === 'Communication/1')).toEqual([]);
  });
});

describe('what a platform reports', () => {
  test('by a posted Task becomes the receipt of the person’s ghost on that event', async () => {
    const { carry, report, run, set, positions, facts } = await createReadStateWorld(pool());
    for (const name of ['1', '2']) await carry(name);
    await run(report(postedTask('a', '1')));
    expect(set).toEqual([`${KIN.userId} $1`]);
    expect(await positions()).toEqual({ [KIN.person]: '$1' });
    expect(facts).toEqual([]);
  });

  test('by an AuditEvent likewise; without a message it is all of the conversation', async () => {
    const { carry, report, run, set } = await createReadStateWorld(pool());
    for (const name of ['1', '2', '3']) await carry(name);
    await run(report(accessAudit('a', [`${REQUEST}/_history/1`, 'Communication/2/_history/1'])));
    await run(report(accessAudit('b', [REQUEST])));
    expect(set).toEqual([`${KIN.userId} $2`, `${KIN.userId} $3`]);
  });

  test('by a Task without focus is the first message', async () => {
    const { carry, report, run, set } = await createReadStateWorld(pool());
    await carry('1');
    const withoutFocus = { ...postedTask('a', '1'), focus: undefined, basedOn: [{ reference: REQUEST }] };
    await run(report(withoutFocus));
    expect(set).toEqual([`${KIN.userId} ${FIRST}`]);
  });

  test('of a person with an account of their own sets none', async () => {
    const { carry, report, run, set, positions } = await createReadStateWorld(pool());
    await carry('1');
    await run(report(postedTask('a', '1', DOCTOR.person)));
    expect(set).toEqual([]);
    expect(await positions()).toEqual({ [DOCTOR.person]: '$1' });
  });

  test('twice, or of an older message, sets none', async () => {
    const { carry, report, run, set } = await createReadStateWorld(pool());
    for (const name of ['1', '2']) await carry(name);
    await run(report(postedTask('a', '2')));
    await run(report(postedTask('b', '2')));
    await run(report(postedTask('c', '1')));
    expect(set).toEqual([`${KIN.userId} $2`]);
  });

  test('before the message is carried waits for it, and goes on without it in the end', async () => {
    const { report, run, fhir, outcomes } = await createReadStateWorld(pool());
    const partOf = [{ reference: REQUEST }];
    fhir.put({ resourceType: 'Communication', id: 'late', status: 'completed', partOf });
    await run(report(postedTask('a', 'late')));
    expect(outcomes).toEqual(['held']);
    const { rows } = await pool().query<{ waits_for: string; payload: object; lane: string }>(
      'select waits_for, payload, lane from waiting_item',
    );
    expect(rows).toMatchObject([{ waits_for: 'Communication/late', payload: { kind: 'fhir.read' } }]);
    const payload = { ...rows[0]?.payload, gaveUpOn: ['Communication/late'] };
    await run([{ lane: 'x', source: 'waited', sourceId: 'a', payload }]);
    expect(outcomes.at(-1)).toBe('target-missing');
  });

  test.each<[string, object & { id: string; resourceType: string }, string]>([
    ['about a message of no bridged conversation', postedTask('a', 'elsewhere'), 'not-bridged'],
    ['about a message that is gone', postedTask('a', 'gone'), 'gone'],
    ['about a conversation that is not bridged', accessAudit('a', ['CommunicationRequest/1']), 'not-bridged'],
  ])('%s says nothing', async (_, resource, reason) => {
    const { report, run, fhir, outcomes } = await createReadStateWorld(pool());
    const partOf = [{ reference: 'CommunicationRequest/999' }];
    fhir.put({ resourceType: 'Communication', id: 'elsewhere', status: 'completed', partOf });
    await run(report(resource));
    expect(outcomes).toEqual([reason]);
  });

  test('by a version that the bridge itself wrote says nothing', async () => {
    const { carry, report, run, bridge, outcomes } = await createReadStateWorld(pool());
    await carry('1');
    const items = report(postedTask('a', '1'));
    await bridge.store.resourceVersions.recordWritten(pool(), {
      ...{ reference: 'Task/a' as typeof REQUEST, versionId: '1', lastUpdated: '2026-11-29T12:00:01Z' },
    });
    await run(items);
    expect(outcomes).toEqual(['own-write']);
  });
});

describe('where the bridge keeps the Tasks', () => {
  const world = () => createReadStateWorld(pool(), { engine: 'bridge' });

  test('each party has one, which moves with each message and each reading', async () => {
    const { carry, receive, report, run, tasks } = await world();
    await run(await carry('1', DOCTOR));
    expect(tasks()).toEqual({
      [NURSE.person]: 'requested 1',
      [DOCTOR.person]: 'completed 1',
      [KIN.person]: 'requested 1',
    });
    await run(await receive(NURSE, '$1'));
    await run(report(postedTask('a', '1')));
    expect(tasks()).toMatchObject({ [NURSE.person]: 'completed 1', [KIN.person]: 'completed 1' });
    await run(await carry('2', NURSE));
    expect(tasks()).toMatchObject({
      [NURSE.person]: 'completed 2',
      [DOCTOR.person]: 'requested 2',
      [KIN.person]: 'requested 2',
    });
  });

  test('reading an older message completes none', async () => {
    const { carry, receive, run, tasks } = await world();
    await run(await carry('1', DOCTOR));
    await run(await carry('2', DOCTOR));
    await run(await receive(NURSE, '$1'));
    expect(tasks()).toMatchObject({ [NURSE.person]: 'requested 2' });
  });

  test('many messages at once are one write for each Task', async () => {
    const { carry, run, fhir, outcomes } = await world();
    const items = [];
    for (const name of ['1', '2', '3', '4']) items.push(...(await carry(name, DOCTOR)));
    await run(items);
    expect(fhir.writes.filter((write) => write.endsWith(' Task'))).toEqual(Array(3).fill('create Task'));
    expect(outcomes).toEqual(['later', 'done', 'done-since', 'done-since', 'done-since']);
  });

  test('a Task that a platform completes is a reading that the audit trail is told of', async () => {
    const { carry, report, run, fhir, facts, set } = await world();
    await run(await carry('1', DOCTOR));
    const [task] = [...fhir.stored.values()].filter(
      (each) => each.resourceType === 'Task' && each.owner?.reference === KIN.person,
    );
    if (task === undefined) throw new TypeError('Expected a Task');
    await run(report({ ...task, status: 'completed' } as never));
    expect(set).toEqual([`${KIN.userId} $1`]);
    expect(facts).toMatchObject([{ kind: 'read', direction: 'to-matrix', by: { person: KIN.person } }]);
  });

  test('what a platform completed in the moment of the next message is not lost', async () => {
    const { carry, run, fhir, set, tasks } = await world();
    await run(await carry('1', DOCTOR));
    for (const task of fhir.stored.values())
      if (task.resourceType === 'Task' && task.owner?.reference === KIN.person)
        fhir.put({ ...task, status: 'completed' });
    await run(await carry('2', DOCTOR));
    expect(tasks()).toMatchObject({ [KIN.person]: 'requested 2' });
    expect(set).toEqual([`${KIN.userId} $1`]);
  });
});

test('where read state is off, what was left behind is let go', async () => {
  const { receive, run, outcomes } = await createReadStateWorld(pool(), { engine: 'off' });
  await run(await receive(NURSE, FIRST));
  expect(outcomes).toEqual(['read-state-off']);
});
