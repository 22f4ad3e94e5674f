// Who has read what in threads of Medplum, both ways, in the three forms of its page, on real tables.
// https://github.com/medplum/medplum/blob/main/packages/docs/docs/communications/read-receipts-and-message-status.mdx
import { describe, expect, test } from 'vitest';
import { medplumThreads as thread } from '../../../src/mapping/threads/medplum.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { createReadStateWorld, DOCTOR, KIN, NURSE, REQUEST } from '../../builders/read-state-world.ts';

const pool = useBridgeDatabase();
const READ_STATE = 'https://medplum.com/fhir/StructureDefinition/thread-read-state';

describe('between two, a message that was read is completed', () => {
  const createWorld = async () => {
    const world = await createReadStateWorld(pool(), { thread, recipients: [KIN] });
    for (const name of ['1', '2', '3']) await world.carry(name, KIN);
    await world.carry('own', NURSE);
    return world;
  };
  type World = Awaited<ReturnType<typeof createWorld>>;
  const statusOf = ({ fhir }: World, name: string) => {
    const found = fhir.stored.get(ref(`Communication/${name}`));
    return found?.resourceType === 'Communication' ? `${found.status} ${found.received ?? ''}`.trim() : '';
  };

  test('who reads in Matrix up to a message completes it and those before it, with the time', async () => {
    const world = await createWorld();
    await world.run(await world.receive(NURSE, '$2'));
    expect(['1', '2', '3', 'own'].map((name) => statusOf(world, name))).toEqual([
      'completed 2026-11-29T12:00:00.000Z',
      'completed 2026-11-29T12:00:00.000Z',
      'in-progress',
      'in-progress',
    ]);
  });

  test('who reads on completes only what is new', async () => {
    const world = await createWorld();
    await world.run(await world.receive(NURSE, '$2'));
    const before = world.fhir.writes.length;
    await world.run(await world.receive(NURSE, '$2', '$3'));
    expect(world.fhir.writes.slice(before)).toEqual(['update Communication']);
    expect(statusOf(world, '3')).toMatch(/^completed/);
  });

  test('a message that a platform completes has the receipt of its reader’s ghost', async () => {
    const world = await createWorld();
    const read = { status: 'completed', received: '2026-11-29T11:59:00Z' };
    await world.run(await world.change(ref('Communication/own'), read));
    expect(world.set).toEqual([`${KIN.userId} $own`]);
    expect(await world.positions()).toEqual({ [KIN.person]: '$own' });
  });

  test('what the bridge itself completes is not read back', async () => {
    const world = await createWorld();
    await world.run(await world.receive(NURSE, '$1'));
    const outcomes = world.outcomes.length;
    const said = await world.reread(ref('Communication/1'));
    expect(said).toHaveLength(1);
    await world.run(said);
    expect(world.outcomes.slice(outcomes)).toEqual(['own-write']);
  });
});

describe('in a group, the header says how far each has read', () => {
  const createWorld = async () => {
    const world = await createReadStateWorld(pool(), { thread });
    for (const name of ['1', '2']) await world.carry(name, KIN);
    return world;
  };
  type World = Awaited<ReturnType<typeof createWorld>>;
  const header = ({ fhir }: World) => fhir.stored.get(ref('Communication/245'));
  const block = (person: string, message: string, at: string) => ({
    url: READ_STATE,
    extension: [
      { url: 'participant', valueReference: { reference: person, type: person.split('/')[0] } },
      { url: 'lastRead', valueReference: { reference: message, type: 'Communication' } },
      { url: 'lastReadAt', valueDateTime: at },
    ],
  });

  test('who reads in Matrix moves their own block, and no other', async () => {
    const world = await createWorld();
    await world.run(await world.receive(DOCTOR, '$2'));
    await world.run(await world.receive(NURSE, '$1'));
    await world.run(await world.receive(NURSE, '$1', '$2'));
    expect(header(world)).toMatchObject({
      resourceType: 'Communication',
      status: 'in-progress',
      extension: [
        block(DOCTOR.person, 'Communication/2', '2026-11-29T12:00:00.000Z'),
        block(NURSE.person, 'Communication/2', '2026-11-29T12:00:01.000Z'),
      ],
    });
    expect(world.fhir.stored.get(ref('Communication/2'))).toMatchObject({ status: 'in-progress' });
  });

  test('an older message read again changes nothing', async () => {
    const world = await createWorld();
    await world.run(await world.receive(NURSE, '$2'));
    const before = world.fhir.writes.length;
    await world.run(await world.receive(NURSE, '$1'));
    expect(world.fhir.writes).toHaveLength(before);
  });

  test('a block that a platform moves is the receipt of that person’s ghost', async () => {
    const world = await createWorld();
    const extension = [
      block(KIN.person, 'Communication/1', '2026-11-29T11:00:00Z'),
      block(DOCTOR.person, 'Communication/2', '2026-11-29T11:00:00Z'),
    ];
    await world.run(await world.change(REQUEST, { extension }));
    expect(world.set).toEqual([`${KIN.userId} $1`]);
    expect(await world.positions()).toEqual({ [KIN.person]: '$1', [DOCTOR.person]: '$2' });
  });
});

describe('Tasks with the code read-receipt', () => {
  const task = (id: string, focus: string, owner: string, status = 'requested') => ({
    ...{ resourceType: 'Task', id, status, intent: 'order' },
    code: { coding: [{ system: 'https://medplum.com/task-codes', code: 'read-receipt' }] },
    focus: { reference: focus },
    owner: { reference: owner },
  });

  test('are completed by who reads their message, or the last message of their thread', async () => {
    const world = await createReadStateWorld(pool(), { thread });
    for (const name of ['1', '2']) await world.carry(name, KIN);
    for (const [id, focus] of Object.entries({ one: '1', two: '2', all: '245' }))
      world.report(task(id, `Communication/${focus}`, NURSE.person));
    world.report(task('other', 'Communication/1', DOCTOR.person));
    const states = () =>
      ['one', 'two', 'all', 'other'].map((id) => {
        const found = world.fhir.stored.get(ref(`Task/${id}`));
        return found?.resourceType === 'Task' ? found.status : undefined;
      });
    await world.run(await world.receive(NURSE, '$1'));
    expect(states()).toEqual(['completed', 'requested', 'requested', 'requested']);
    await world.run(await world.receive(NURSE, '$2'));
    expect(states()).toEqual(['completed', 'completed', 'completed', 'requested']);
  });

  test.each([
    ['a message', 'Communication/1', '$1'],
    ['the header, which means all of the thread', 'Communication/245', '$2'],
  ])('that a platform completes are the receipt of their owner’s ghost: of %s', async (_, focus, eventId) => {
    const world = await createReadStateWorld(pool(), { thread });
    for (const name of ['1', '2']) await world.carry(name, NURSE);
    await world.run(world.report(task('x', focus, KIN.person, 'completed')));
    expect(world.set).toEqual([`${KIN.userId} ${eventId}`]);
  });
});
