// Who has read what, with real clients and a real FHIR server: receipts become Tasks, and Tasks and AuditEvents become receipts.
import { MatrixEvent, Method, ReceiptType } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import type { Resource } from '../../stack/demo/platform.ts';
import { waitUntil } from '../../stack/wait.ts';
import { LENGTH } from '../builders/random.ts';
import { awaitAllRead } from './bridges.ts';
import { aliases, practitioner, request, startUser, team } from './care.ts';
import type { TestContext } from './context.ts';
import { awaitRecords, recordsOf, startContext } from './context.ts';
import { readTexts } from './kept.ts';
import { eventually, ghostOf } from './rooms.ts';
import { validationErrors } from './validate.ts';

/** Messages that a person scrolls through; 500 in the slow form. */
const MANY = 100 * LENGTH;

type Task = Resource & {
  readonly id: string;
  readonly status: string;
  readonly meta: { readonly versionId: string };
  readonly owner: { readonly reference: string };
  readonly focus?: { readonly reference: string };
};

describe.skipIf(inject('stackMissing') !== undefined)('read state', () => {
  let context: TestContext;
  let doctor: MatrixPerson & { readonly userId: string };
  beforeAll(async () => {
    context = await startContext({
      BRIDGE_READ_STATE_ENGINE: 'bridge',
      // No scrolling person pauses for so long.
      BRIDGE_READ_STATE_QUIET_SECONDS: '6',
    });
    doctor = await startUser(context, 'doctor');
    const { platform, prefix } = context;
    await platform.put(practitioner(`${prefix}doctor`, 'Dr. Prins', doctor.userId));
    await platform.put(
      team(prefix, `${prefix}three`, [
        `Practitioner/${prefix}nurse`,
        `Practitioner/${prefix}doctor`,
        `RelatedPerson/${prefix}daughter`,
      ]),
    );
  });
  afterAll(async () => {
    doctor.leaveClient();
    await context.end();
  });

  const people = () => {
    const { prefix } = context;
    return {
      nurse: `Practitioner/${prefix}nurse`,
      doctor: `Practitioner/${prefix}doctor`,
      daughter: `RelatedPerson/${prefix}daughter`,
    };
  };
  /** A conversation begun by the daughter, with both professionals in its room. */
  const begin = async (name: string) => {
    const { platform, prefix, nurse } = context;
    const id = `${prefix}${name}`;
    await platform.put(request(prefix, id, [`CareTeam/${prefix}three`]));
    const roomId = await nurse.join(aliases.room(id));
    await doctor.join(aliases.room(id));
    await nurse.hear(roomId, 'The first message');
    return { id, roomId };
  };
  const tasksOf = async (id: string): Promise<readonly Task[]> =>
    (await context.platform.search(`Task?based-on=CommunicationRequest/${id}`)) as readonly Task[];
  const statesOf = async (id: string): Promise<Readonly<Record<string, string>>> =>
    Object.fromEntries(
      (await tasksOf(id)).map(({ owner, status, focus }) => [
        owner.reference,
        `${status} ${focus?.reference ?? ''}`.trim(),
      ]),
    );
  const taskOf = async (id: string, owner: string): Promise<Task> => {
    const found = (await tasksOf(id)).find((task) => task.owner.reference === owner);
    if (found === undefined) throw new TypeError('Expected a Task');
    return found;
  };
  /** A message by the daughter's platform. @returns its reference, and its event as the nurse sees it */
  const write = async (id: string, roomId: string, text: string) => {
    const { platform, prefix, nurse } = context;
    const written = await platform.post(communication(prefix, id, text));
    const event = await nurse.hear(roomId, text);
    return { reference: `Communication/${written.id ?? ''}`, event };
  };
  const readUpTo = (roomId: string, userId: string): string | null | undefined =>
    context.nurse.client.getRoom(roomId)?.getEventReadUpTo(userId, true);

  test('each party has a Task from the beginning; who reads completes theirs, and each message moves all', async () => {
    const { nurse } = context;
    const { id, roomId } = await begin('begin');
    const { nurse: nurseRef, doctor: doctorRef, daughter } = people();
    await eventually(() => statesOf(id)).toEqual({
      [nurseRef]: 'requested',
      [doctorRef]: 'requested',
      [daughter]: 'completed',
    });
    await nurse.client.sendReadReceipt(await nurse.hear(roomId, 'The first message'));
    await eventually(() => statesOf(id)).toMatchObject({ [nurseRef]: 'completed', [doctorRef]: 'requested' });
    const access = 'type=http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle%7Caccess';
    const readings = (): Promise<readonly Resource[]> =>
      context.platform.search(`AuditEvent?${access}&agent=${nurseRef}&entity=CommunicationRequest/${id}`);
    await eventually(readings).toMatchObject([{ action: 'R' }]);
    await nurse.say(roomId, 'I have read it.');
    const [record] = await awaitRecords(context.platform, id, ({ length }) => length === 1);
    const reference = `Communication/${record?.id ?? ''}`;
    await eventually(() => statesOf(id)).toEqual({
      [nurseRef]: `completed ${reference}`,
      [doctorRef]: `requested ${reference}`,
      [daughter]: `requested ${reference}`,
    });
  });

  test('a receipt in a thread, or for what is no message, counts as well', async () => {
    const { nurse } = context;
    const { id, roomId } = await begin('no-message');
    const { event, reference } = await write(id, roomId, 'Before the reaction');
    const reaction = await nurse.client.sendEvent(
      roomId,
      'm.reaction' as never,
      {
        'm.relates_to': { rel_type: 'm.annotation', event_id: event.getId(), key: '👍' },
      } as never,
    );
    await waitUntil(() => Promise.resolve(nurse.client.getRoom(roomId)?.findEventById(reaction.event_id)), {
      what: 'the reaction',
      timeoutMs: 30_000,
    });
    await nurse.client.sendReadReceipt(
      new MatrixEvent({ event_id: reaction.event_id, room_id: roomId, type: 'm.reaction', content: {} }),
    );
    await eventually(() => statesOf(id)).toMatchObject({ [people().nurse]: `completed ${reference}` });
    await doctor.hear(roomId, 'Before the reaction');
    const path = `/rooms/${encodeURIComponent(roomId)}/receipt/m.read/${encodeURIComponent(event.getId() ?? '')}`;
    await doctor.client.http.authedRequest(Method.Post, path, undefined, { thread_id: 'main' });
    await eventually(() => statesOf(id)).toMatchObject({ [people().doctor]: `completed ${reference}` });
  });

  test('a private receipt stays private', async () => {
    const { nurse } = context;
    const { id, roomId } = await begin('private');
    const { event, reference } = await write(id, roomId, 'Read in private');
    await nurse.client.sendReadReceipt(event, ReceiptType.ReadPrivate);
    await nurse.client.setRoomReadMarkersHttpRequest(roomId, event.getId() ?? '', '', event.getId());
    // What would come of it has the time that the doctor's public receipt takes, which comes after it.
    await doctor.client.sendReadReceipt(await doctor.hear(roomId, 'Read in private'));
    await eventually(() => statesOf(id)).toMatchObject({ [people().doctor]: `completed ${reference}` });
    expect(await statesOf(id)).toMatchObject({ [people().nurse]: `requested ${reference}` });
  });

  test('a platform that completes a Task sets the receipt of the person’s ghost on that message', async () => {
    const { nurse, platform } = context;
    const { id, roomId } = await begin('completes');
    await nurse.say(roomId, 'Older');
    const eventId = await nurse.say(roomId, 'Can you come by?');
    const newest = async () => {
      const records = await recordsOf(platform, id);
      return records.find(({ identifier }) => identifier?.some(({ value }) => value === eventId))?.id;
    };
    const reference = `Communication/${await waitUntil(newest, { what: 'the record', timeoutMs: 60_000 })}`;
    await eventually(() => statesOf(id)).toMatchObject({ [people().daughter]: `requested ${reference}` });
    await platform.put({ ...(await taskOf(id, people().daughter)), status: 'completed' });
    await eventually(() => Promise.resolve(readUpTo(roomId, ghostOf(people().daughter)))).toBe(eventId);
    await awaitAllRead(context);
    expect(await statesOf(id)).toMatchObject({ [people().daughter]: `completed ${reference}` });
  });

  test('a Task posted as poc-iznc does, and an AuditEvent as OZO has it, set it too, on their own message', async () => {
    const { nurse, platform } = context;
    const { id, roomId } = await begin('reports');
    const events = [await nurse.say(roomId, 'One'), await nurse.say(roomId, 'Two')];
    const records = await awaitRecords(platform, id, ({ length }) => length === 2);
    const recordOf = (eventId: string | undefined) =>
      records.find(({ identifier }) => identifier?.some(({ value }) => value === eventId))?.id ?? '';
    const ghost = ghostOf(people().daughter);
    await platform.post({
      ...{ resourceType: 'Task', status: 'completed', intent: 'order' },
      focus: { reference: `Communication/${recordOf(events[0])}` },
      owner: { reference: people().daughter },
      executionPeriod: { end: '2025-01-15T11:05:00Z' },
    });
    await eventually(() => Promise.resolve(readUpTo(roomId, ghost))).toBe(events[0]);
    await platform.post({
      resourceType: 'AuditEvent',
      type: { system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle', code: 'access' },
      ...{ action: 'R', recorded: new Date().toISOString(), outcome: '0' },
      agent: [{ who: { reference: people().daughter, type: 'RelatedPerson' }, requestor: true }],
      source: { observer: { display: 'AAA Proxy Instance 001' } },
      entity: [
        { what: { reference: `CommunicationRequest/${id}`, type: 'CommunicationRequest' } },
        { what: { reference: `Communication/${recordOf(events[1])}`, type: 'Communication' } },
      ],
    });
    await eventually(() => Promise.resolve(readUpTo(roomId, ghost))).toBe(events[1]);
    await eventually(() => statesOf(id)).toMatchObject({
      [people().daughter]: `completed Communication/${recordOf(events[1])}`,
    });
  });

  test(`scrolling through ${MANY} messages is one write`, async () => {
    const { nurse } = context;
    const { id, roomId } = await begin('scroll');
    const sent: string[] = [];
    for (let at = 0; at < MANY; at += 10) {
      const texts = Array.from({ length: 10 }, (_, each) => `Message ${at + each}`);
      sent.push(...(await Promise.all(texts.map((text) => nurse.say(roomId, text)))));
    }
    const carried = async () =>
      (await readTexts(context.database.url, `select event_id as text from message_link`)).filter((eventId) =>
        sent.includes(eventId),
      ).length === MANY;
    await waitUntil(carried, { what: 'all are carried', timeoutMs: 300_000, everyMs: 500 });
    await awaitAllRead(context);
    const before = await taskOf(id, people().doctor);
    // As a client does: a receipt for each message that comes into view, not waiting for the answer of the one before.
    const receiptFor = (eventId: string) =>
      doctor.client.sendReadReceipt(
        new MatrixEvent({ event_id: eventId, room_id: roomId, type: 'm.room.message', content: {} }),
      );
    for (let at = 0; at < MANY; at += 10)
      await Promise.all(sent.slice(at, at + 10).map((eventId) => receiptFor(eventId)));
    // Of receipts that come at once, Synapse may keep an earlier one; a client sends the last one last.
    const [newest = ''] = await readTexts(
      context.database.url,
      `select event_id as text from message_link where communication = '${before.focus?.reference ?? ''}'`,
    );
    await receiptFor(newest);
    const last = `completed ${before.focus?.reference ?? 'none'}`;
    await eventually(() => statesOf(id)).toMatchObject({ [people().doctor]: last });
    await awaitAllRead(context);
    const after = await taskOf(id, people().doctor);
    expect(Number(after.meta.versionId) - Number(before.meta.versionId)).toBe(1);
    const readings = await readTexts(
      context.database.url,
      `select source_id as text from item where source = 'read-in-matrix'`,
    );
    expect(readings.filter((reading) => reading.startsWith(`CommunicationRequest/${id} `))).toHaveLength(1);
  }, 600_000);

  test('every Task that the bridge wrote passes the FHIR server’s $validate', async () => {
    const code = 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/task%7Cread-state';
    const tasks = await context.platform.search(
      `Task?code=${code}&patient=Patient/${context.prefix}client&_count=200`,
    );
    expect(tasks.length).toBeGreaterThan(10);
    expect(await validationErrors(context.fhirUrl, tasks)).toEqual([]);
  });
});
