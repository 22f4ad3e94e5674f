// What the FHIR-first page of poc-iznc has its readers send: a chat application that speaks FHIR alone.
// https://github.com/GIDSOpenStandaarden/poc-iznc/blob/main/input/pagecontent/fhir-first-approach.md
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { matrixTelecom } from '../../../stack/demo/care-network.ts';
import { awaitIdle } from '../bridges.ts';
import type { TestContext } from '../context.ts';
import { startContext } from '../context.ts';
import { eventually, ghostOf } from '../rooms.ts';

/** As the page has it; its answer to `GET /fhir/CareTeam?patient=Patient/123`. */
const CARE_TEAM = {
  resourceType: 'CareTeam',
  id: '244',
  status: 'active',
  subject: { reference: 'Patient/123', display: 'Jan Jansen' },
  participant: [
    {
      role: [
        {
          coding: [{ system: 'http://snomed.info/sct', code: '158965000', display: 'Medical practitioner' }],
        },
      ],
      member: { reference: 'Practitioner/456', display: 'Dr. Smith' },
    },
    {
      role: [{ coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code: 'CHILD' }] }],
      member: { reference: 'RelatedPerson/789', display: 'Marie Jansen' },
    },
  ],
};

const THREAD = {
  resourceType: 'CommunicationRequest',
  status: 'active',
  subject: { reference: 'Patient/123' },
  recipient: [{ reference: 'Practitioner/456' }],
  sender: { reference: 'RelatedPerson/789' },
  payload: [{ contentString: 'Schedule appointment for checkup' }],
};

const MESSAGE = {
  resourceType: 'Communication',
  status: 'completed',
  partOf: [{ reference: 'CommunicationRequest/245' }],
  sender: { reference: 'RelatedPerson/789' },
  recipient: [{ reference: 'Practitioner/456' }],
  payload: [{ contentString: 'Can I take this medication with food?' }],
  sent: '2025-01-15T11:00:00Z',
};

const SUBSCRIPTION = {
  resourceType: 'Subscription',
  status: 'active',
  reason: 'Monitor new messages in care network',
  criteria: 'Communication?subject=Patient/123',
  channel: {
    type: 'rest-hook',
    endpoint: 'https://chat-backend.example.com/fhir/webhooks/sub-123',
    header: ['Authorization: Bearer {token}'],
  },
};

interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

describe.skipIf(inject('stackMissing') !== undefined)('the FHIR-first way of poc-iznc', () => {
  let context: TestContext;
  let roomId: string;
  let messageId: string;

  beforeAll(async () => {
    context = await startContext();
    const { platform, nurse: smith } = context;
    await platform.put({ resourceType: 'Patient', id: '123', name: [{ text: 'Jan Jansen' }] });
    await platform.put({
      ...{ resourceType: 'Practitioner', id: '456', name: [{ text: 'Dr. Smith' }] },
      telecom: [matrixTelecom(smith.userId)],
    });
    await platform.put({
      ...{ resourceType: 'RelatedPerson', id: '789', name: [{ text: 'Marie Jansen' }] },
      patient: { reference: 'Patient/123' },
    });
    await platform.put(CARE_TEAM);
    // The page’s message names this thread, as one that was begun before.
    await platform.put({ ...THREAD, id: '245' });
  });
  afterAll(async () => {
    await context.end();
  });

  const ask = async (method: 'GET' | 'POST', path: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${context.fhirUrl}/${path}`, {
      method,
      headers: {
        ...{ accept: 'application/fhir+json', 'cache-control': 'no-cache' },
        ...(body !== undefined && { 'content-type': 'application/fhir+json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  const found = async (path: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const { entry = [] } = (await ask('GET', path)).body as {
      entry?: { resource: Readonly<Record<string, unknown>> }[];
    };
    return entry.map(({ resource }) => resource);
  };

  test('1. the care network is found by its patient', async () => {
    const [team] = (await found('CareTeam?patient=Patient/123')).filter(({ id }) => id === '244');
    expect(team).toMatchObject(CARE_TEAM);
  });

  test('2. threads are found by their patient', async () => {
    const threads = await found(
      'CommunicationRequest?subject=Patient/123&_include=CommunicationRequest:recipient',
    );
    expect(threads).toContainEqual(expect.objectContaining({ ...THREAD, id: '245' }) as object);
  });

  test('3. a new thread is a room under the alias with a dash, with its people and its first message', async () => {
    const { nurse: smith, serverName } = context;
    const { status, body } = await ask('POST', 'CommunicationRequest', THREAD);
    expect(status).toBe(201);
    const id = String(body['id']);
    const made = await smith.join(`#communicationrequest/${id}:${serverName}`);
    const first = await smith.hear(made, 'Schedule appointment for checkup');
    expect(first.getSender()).toBe(ghostOf('RelatedPerson/789'));
    const dashed = `#communicationrequest-${id}:${serverName}`;
    const found = (): Promise<string> =>
      smith.client.getRoomIdForAlias(dashed).then(
        (answer) => answer.room_id,
        () => 'none',
      );
    // Once the room is finished; the bridge makes this alias when it is asked for.
    await eventually(found).toBe(made);
  });

  test('4. a message is said in the room, by its sender, and has the event’s id afterwards', async () => {
    const { nurse: smith, serverName } = context;
    roomId = await smith.join(`#communicationrequest/245:${serverName}`);
    await awaitIdle(context.bridge);
    const { status, body } = await ask('POST', 'Communication', MESSAGE);
    expect(status).toBe(201);
    messageId = String(body['id']);
    const event = await smith.hear(roomId, 'Can I take this medication with food?');
    expect(event.getSender()).toBe(ghostOf('RelatedPerson/789'));
    expect(event.getTs()).toBe(Date.parse('2025-01-15T11:00:00Z'));
    await eventually(
      async () => (await context.platform.read(`Communication/${messageId}`))['identifier'],
    ).toEqual([{ use: 'official', system: 'https://matrix.org/event-id', value: event.getId() }]);
  });

  test('5. the messages of the thread are found, the answer from Matrix among them', async () => {
    await context.nurse.say(roomId, 'Yes, with breakfast');
    // Another guide has its thread under the same id.
    const said = ['Yes, with breakfast', 'Can I take this medication with food?'];
    const texts = async (): Promise<readonly unknown[]> => {
      const messages = await found('Communication?part-of=CommunicationRequest/245&_sort=-sent');
      const payloads = messages.flatMap(({ payload }) => payload as readonly { contentString?: string }[]);
      return payloads.flatMap(({ contentString = '' }) =>
        said.includes(contentString) ? [contentString] : [],
      );
    };
    await eventually(texts).toEqual(said);
  });

  test('the answer is what the page’s subscription waits for: it has the patient as its subject', async () => {
    const bySubject = await found('Communication?subject=Patient/123');
    const texts = bySubject.map(({ payload }) => payload);
    expect(texts).toContainEqual([{ contentString: 'Yes, with breakfast' }]);
    // The page’s own message has no subject: its subscription never tells of that one.
    expect(texts).not.toContainEqual(MESSAGE.payload);
    const history = await found('Communication/_history?_since=2025-01-13T10:30:00Z&subject=Patient/123');
    expect(history.map(({ payload }) => payload)).toContainEqual([{ contentString: 'Yes, with breakfast' }]);
  });

  test('the page’s subscription is accepted beside those of the bridge', async () => {
    const { status, body } = await ask('POST', 'Subscription', SUBSCRIPTION);
    expect(status).toBe(201);
    await fetch(`${context.fhirUrl}/Subscription/${String(body['id'])}`, { method: 'DELETE' });
  });

  test('6. the page’s Task of a message that was read is accepted', async () => {
    const task = {
      resourceType: 'Task',
      status: 'completed',
      intent: 'order',
      // The page has Communication/567; ids are the server’s, and it refuses a reference to what is not there.
      focus: { reference: `Communication/${messageId}` },
      owner: { reference: 'Practitioner/456' },
      executionPeriod: { end: '2025-01-15T11:05:00Z' },
    };
    expect((await ask('POST', 'Task', task)).status).toBe(201);
  });
});
