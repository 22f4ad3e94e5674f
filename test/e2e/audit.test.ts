// An auditor's questions, answered by searches on the FHIR server alone; and a server that refuses AuditEvents for a while.
import type { AuditEvent } from 'fhir/r4.js';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { runStatements } from '../../stack/databases.ts';
import { communication } from '../../stack/demo/care-network.ts';
import { reservePort } from '../../stack/ports.ts';
import { waitUntil } from '../../stack/wait.ts';
import { findPersonalData } from '../builders/personal-data.ts';
import { awaitIdle } from './bridges.ts';
import type { Communication, Conversation, TestContext } from './context.ts';
import { awaitRecords, startContext } from './context.ts';
import type { RefusingProxy } from './refusing-proxy.ts';
import { startRefusingProxy } from './refusing-proxy.ts';
import { ghostOf, runCommand } from './rooms.ts';
import { validationErrors } from './validate.ts';

const SECRET = 'a-secret-of-the-backend';
const REFUSED_MESSAGES = 5;

let context: TestContext;
let proxy: RefusingProxy;
let identityPort = '';
let conversation: Conversation;
let roomId = '';

/** What a search finds once nothing is left to be written, oldest first. */
async function ask(query: string): Promise<readonly AuditEvent[]> {
  await awaitIdle(context.bridge);
  const found = await context.platform.search(`AuditEvent?${query}&_count=100`);
  return found.toSorted((a, b) => Date.parse(a.recorded) - Date.parse(b.recorded));
}

const who = ({ agent }: AuditEvent): string | undefined =>
  agent.find(({ requestor }) => requestor)?.who?.reference;
/** Events of one shape are valid or not together. */
const shapeOf = ({ type, subtype, agent, entity = [] }: AuditEvent): string =>
  JSON.stringify([
    ...[type.code, subtype?.[0]?.code, agent.map((each) => each.type?.coding?.[0]?.code)],
    entity.map((each) => [each.type?.code, each.role?.code, each.detail?.map((one) => one.type)]),
  ]);
const subtypeOf = ({ subtype }: AuditEvent): string | undefined => subtype?.[0]?.code;

describe.skipIf(inject('stackMissing'))('an auditor', () => {
  beforeAll(async () => {
    proxy = await startRefusingProxy(inject('stack').hapi.url);
    const port = await reservePort();
    identityPort = `http://127.0.0.1:${port}`;
    context = await startContext({
      BRIDGE_FHIR_BASE_URL: proxy.url,
      BRIDGE_IDENTITY_ENABLED: 'true',
      BRIDGE_IDENTITY_PORT: String(port),
      BRIDGE_IDENTITY_BACKEND_AUTH: 'bearer',
      BRIDGE_IDENTITY_BACKEND_SECRET: SECRET,
      BRIDGE_IDENTITY_DIRECTORIES: JSON.stringify([{ kind: 'local' }]),
    });
    conversation = await context.createConversation('audited', 'How is she today?');
    await context.nurse.join(conversation.space);
    roomId = await context.nurse.join(conversation.room);
    await context.nurse.hear(roomId, 'How is she today?');
  });
  afterAll(async () => {
    await context.end();
    await proxy.end();
  });

  test('finds to whom a thread was delivered, and by whom it was written', async () => {
    const { platform, prefix, nurse } = context;
    const { id } = conversation;
    await platform.post(communication(prefix, id, 'It is about the stairs.'));
    await nurse.hear(roomId, 'It is about the stairs.');
    await nurse.say(roomId, 'I will come by.');
    await awaitRecords(platform, id, (records) => records.length === 2);
    const events = await ask(`entity=CommunicationRequest/${id}&subtype=create`);
    const told = events.map((event) => [event.type.code, who(event)]);
    // The first message is the request's own; the second a platform's; the third came from the room.
    expect(told).toEqual([
      ['transmit', `RelatedPerson/${prefix}daughter`],
      ['transmit', `RelatedPerson/${prefix}daughter`],
      ['rest', `Practitioner/${prefix}nurse`],
    ]);
  });

  test('finds who changed a message, with the versions', async () => {
    const { platform, prefix, nurse } = context;
    const eventId = await nurse.say(roomId, 'I will come at ten.');
    await nurse.client.sendEvent(
      roomId,
      'm.room.message' as never,
      {
        ...{ msgtype: 'm.text', body: '* I will come at nine.' },
        'm.new_content': { msgtype: 'm.text', body: 'I will come at nine.' },
        'm.relates_to': { rel_type: 'm.replace', event_id: eventId },
      } as never,
    );
    const isOf = (record: Communication): boolean =>
      record.identifier?.some(({ value }) => value === eventId) === true;
    const records = await awaitRecords(platform, conversation.id, (all) =>
      all.some((record) => isOf(record) && record.meta.versionId === '2'),
    );
    const message = `Communication/${records.find(isOf)?.id ?? ''}`;
    const events = await ask(`entity=${message}`);
    expect(events.map((event) => [subtypeOf(event), who(event), event.entity?.[0]?.what?.reference])).toEqual(
      [
        ['create', `Practitioner/${prefix}nurse`, `${message}/_history/1`],
        ['update', `Practitioner/${prefix}nurse`, `${message}/_history/2`],
      ],
    );
  });

  test('finds who joined a team, when, and through whom', async () => {
    const { prefix, nurse } = context;
    const events = await ask(`entity=CareTeam/${prefix}team&subtype=update`);
    const joined = events.flatMap((event) =>
      event.entity?.some(({ detail }) => detail?.some(({ valueString }) => valueString === 'join')) === true
        ? [
            {
              member: event.entity.find(({ role }) => role?.code === '6' || role?.code === '15')?.what,
              event,
            },
          ]
        : [],
    );
    const ofNurse = joined.find(({ member }) => member?.reference === `Practitioner/${prefix}nurse`);
    expect(ofNurse?.event).toMatchObject({
      action: 'U',
      recorded: expect.stringMatching(/^\d{4}-/) as string,
      agent: expect.arrayContaining([
        expect.objectContaining({ altId: nurse.userId, requestor: true }),
      ]) as object,
    });
    // The relative's ghost came by the bridge, because the team names her in this version.
    const ofDaughter = joined.find(({ member }) => member?.reference === `RelatedPerson/${prefix}daughter`);
    expect(ofDaughter?.event.entity?.[0]?.what?.reference).toMatch(
      new RegExp(`^CareTeam/${prefix}team/_history/\\d+$`),
    );
    expect(ofDaughter?.event.agent.find(({ requestor }) => requestor)?.type?.coding?.[0]?.code).toBe(
      '110150',
    );
  });

  test('finds who looked a patient up', async () => {
    const { prefix, database } = context;
    const patient = `Patient/${prefix}client`;
    await runStatements(database.url, [
      `insert into identity_person (directory, record, user_id, reference)
       values ('local', '1', '${ghostOf(patient)}', '${patient}')`,
      `insert into identity (directory, record, medium, address, user_id)
       values ('local', '1', 'email', 'client@${prefix}post.example', '${ghostOf(patient)}')`,
    ]);
    const response = await fetch(`${identityPort}/_ma1sd/backend/api/v1/identity/single`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${SECRET}` },
      body: JSON.stringify({ lookup: { medium: 'email', address: `client@${prefix}post.example` } }),
    });
    expect(await response.json()).toMatchObject({ lookup: { id: { value: ghostOf(patient) } } });
    const look = async (): Promise<readonly AuditEvent[] | false> => {
      const found = await ask(`patient=${patient}&subtype=search`);
      return found.length > 0 && found;
    };
    const [event] = await waitUntil(look, { what: 'the look-up is on record', timeoutMs: 60_000 });
    expect(event).toMatchObject({
      ...{ action: 'E', outcome: '0', outcomeDesc: 'found' },
      agent: [{ network: { address: '127.0.0.1', type: '2' }, requestor: true }, {}],
    });
    expect(JSON.stringify(event)).not.toContain('post.example');
  });

  test('finds all that happened to a patient in one search, and what operators did', async () => {
    const { prefix, bridge } = context;
    expect((await runCommand(bridge, 'resync', `CareTeam/${prefix}team`)).code).toBe(0);
    const ofPatient = await ask(`patient=Patient/${prefix}client`);
    expect(new Set(ofPatient.map(subtypeOf))).toEqual(new Set(['create', 'update', 'search']));
    const operated = await ask(`entity=CareTeam/${prefix}team&subtype=operation`);
    expect(operated.map(({ outcomeDesc }) => outcomeDesc)).toEqual(['resync']);
  });

  test('misses nothing of a time in which the FHIR server refused AuditEvents, and no message waited', async () => {
    const { nurse, platform, bridge } = context;
    const before = (await ask(`entity=CommunicationRequest/${conversation.id}&subtype=create`)).length;
    const records = await awaitRecords(platform, conversation.id, () => true);
    proxy.refuses = true;
    const texts = Array.from({ length: REFUSED_MESSAGES }, (_, index) => `While it refuses ${index}`);
    for (const text of texts) await nurse.say(roomId, text);
    await awaitRecords(platform, conversation.id, (all) => all.length === records.length + texts.length);
    await waitUntil(() => Promise.resolve(proxy.refused > 3), {
      what: 'some are refused',
      timeoutMs: 60_000,
    });
    const metrics = await (await fetch(`${bridge.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/^bridge_audit_waiting [1-9]/m);
    expect(metrics).toMatch(/^bridge_audit_oldest_seconds (?!0$)/m);
    proxy.refuses = false;
    const after = await ask(`entity=CommunicationRequest/${conversation.id}&subtype=create`);
    expect(after).toHaveLength(before + texts.length);
    expect(new Set(after.map(({ entity }) => entity?.[0]?.what?.reference)).size).toBe(after.length);
    expect(after.every(({ meta }) => meta?.versionId === '1')).toBe(true);
  });

  test('reads only valid AuditEvents, without a text, a name or an address of a patient', async () => {
    const { prefix, fhirUrl } = context;
    const events = [
      ...(await ask(`patient=Patient/${prefix}client`)),
      ...(await ask(`entity=CareTeam/${prefix}team&subtype=operation`)),
    ];
    expect(events.length).toBeGreaterThan(10);
    const ofEachShape = [...new Map(events.map((each) => [shapeOf(each), each])).values()];
    expect(await validationErrors(fhirUrl, ofEachShape)).toEqual([]);
    const text = JSON.stringify(events);
    expect(findPersonalData(text)).toEqual([]);
    for (const said of ['stairs', 'come by', 'come at', 'How is she', 'Noor'])
      expect(text).not.toContain(said);
  });
});
