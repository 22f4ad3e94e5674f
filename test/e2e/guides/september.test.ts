// What the September 2025 guide has its readers do: another homeserver's user writes, and a FHIR record comes of it.
// https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/hackathon_september_2025/HACKATHON_GUIDE.md
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { MatrixPerson } from '../../../stack/demo/person.ts';
import { waitUntil } from '../../../stack/wait.ts';
import { startUser } from '../care.ts';
import type { TestContext } from '../context.ts';
import { startContext } from '../context.ts';

const THREAD = 'CommunicationRequest/245';
const TEAM = 'CareTeam/244';
const HELLO = 'Hello from hackathon team! Testing FHIR bridge integration 🚀';
const VITALS = 'Patient updates from [YOUR_TEAM]: Vitals stable, discharge planning initiated';

describe.skipIf(inject('stackMissing') !== undefined)('the challenge of September 2025', () => {
  let context: TestContext;
  let team: MatrixPerson & { readonly userId: string };
  let roomId: string;
  let eventId: string;

  beforeAll(async () => {
    // The guide’s records name one patient for everyone whom the care platform does not know; its guests come from elsewhere.
    context = await startContext({
      BRIDGE_PEOPLE_UNKNOWN_SENDER: 'placeholder',
      BRIDGE_PEOPLE_SENDER_PLACEHOLDER: 'Patient/hackathon-patient',
      BRIDGE_MATRIX_TRUSTED_SERVERS: inject('stack').neighbour.serverName,
    });
    const { platform, prefix } = context;
    const roland = { reference: `Practitioner/${prefix}nurse` };
    await platform.put({ resourceType: 'Patient', id: 'hackathon-patient' });
    await platform.put({
      ...{ resourceType: 'CareTeam', id: '244', status: 'active' },
      ...{ subject: { reference: 'Patient/hackathon-patient' }, participant: [{ member: roland }] },
    });
    await platform.put({
      ...{ resourceType: 'CommunicationRequest', id: '245', status: 'active' },
      ...{
        subject: { reference: 'Patient/hackathon-patient' },
        requester: roland,
        recipient: [{ reference: TEAM }],
      },
    });
    team = await startUser(context, 'hackathon-team', 'neighbour');
  });
  afterAll(async () => {
    team.leaveClient();
    await context.end();
  });

  const get = async (path: string): Promise<{ readonly status: number; readonly body: unknown }> => {
    const response = await fetch(`${context.fhirUrl}/${path}`, {
      headers: { accept: 'application/fhir+json', 'cache-control': 'no-cache' },
    });
    return { status: response.status, body: await response.json() };
  };

  test('the services say that they run', async () => {
    expect(await (await fetch(`${context.bridge.opsUrl}/api/v1/queue/stats`)).json()).toMatchObject({
      deadLetters: 0,
    });
    expect(await get('metadata')).toMatchObject({
      status: 200,
      body: { resourceType: 'CapabilityStatement' },
    });
  });

  test('the resources are there', async () => {
    expect(await get(THREAD)).toMatchObject({ status: 200, body: { id: '245' } });
    expect(await get(TEAM)).toMatchObject({ status: 200, body: { id: '244' } });
  });

  test('a user of another homeserver is invited to both rooms, and joins them by their aliases', async () => {
    const { nurse: roland, serverName } = context;
    for (const alias of [`#careteam/244:${serverName}`, `#communicationrequest/245:${serverName}`]) {
      roomId = await roland.join(alias);
      await roland.client.invite(roomId, team.userId);
      expect(await team.join(alias)).toBe(roomId);
    }
  });

  test('what they say is found as the record of the guide, within seconds', async () => {
    eventId = await team.say(roomId, HELLO);
    const look = async (): Promise<object | undefined> => {
      const { body } = await get(`Communication?part-of=${THREAD}`);
      const { entry = [] } = body as { entry?: { resource: { payload?: { contentString?: string }[] } }[] };
      return entry.find(({ resource }) => resource.payload?.[0]?.contentString === HELLO);
    };
    const entry = await waitUntil(look, { what: 'the record is there', timeoutMs: 30_000 });
    expect(entry).toMatchObject({
      resource: {
        resourceType: 'Communication',
        status: 'completed',
        identifier: [{ system: 'https://matrix.org/event-id', value: eventId, use: 'official' }],
        partOf: [{ reference: 'CommunicationRequest/245' }],
        sender: { reference: 'Patient/hackathon-patient' },
        payload: [{ contentString: HELLO }],
      },
    });
    // Beside what the bridge says of a sender of another organisation.
    expect((entry as { resource: { extension: object[] } }).resource.extension).toContainEqual({
      url: 'http://hl7.org/fhir/StructureDefinition/communication-source-system',
      valueString: 'matrix',
    });
  });

  test('it is found by the event too', async () => {
    const token = encodeURIComponent(`https://matrix.org/event-id|${eventId}`);
    expect((await get(`Communication?identifier=${token}`)).body).toMatchObject({
      entry: [{ resource: { payload: [{ contentString: HELLO }] } }],
    });
  });

  test('the guide’s example message is recorded word for word, brackets and all', async () => {
    await team.say(roomId, VITALS);
    const texts = async (): Promise<string> =>
      JSON.stringify((await get(`Communication?part-of=${THREAD}`)).body);
    await expect.poll(texts, { timeout: 30_000 }).toContain(JSON.stringify(VITALS).slice(1, -1));
  });
});
