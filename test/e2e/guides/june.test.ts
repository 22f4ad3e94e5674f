// What the June 2025 guide has its readers do: spaces and rooms by hand, invitations with a patient, mappings, look-ups of ma1sd.
// https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/hackathon_june_2025/HACKATHON_GUIDE.md
import { MatrixError } from 'matrix-js-sdk';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { matrixTelecom } from '../../../stack/demo/care-network.ts';
import type { MatrixPerson } from '../../../stack/demo/person.ts';
import { reservePort } from '../../../stack/ports.ts';
import { waitUntil } from '../../../stack/wait.ts';
import { startUser } from '../care.ts';
import type { TestContext } from '../context.ts';
import { recordsOf, startContext } from '../context.ts';
import type { PseudonymService } from '../pseudonym-service.ts';
import { startPseudonymService } from '../pseudonym-service.ts';
import type { BotView } from '../rooms.ts';
import { botView, eventually, ghostOf } from '../rooms.ts';

type Person = MatrixPerson & { readonly userId: string };

const SECRET = 'a-secret-of-the-backend';
const UZI = 'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers';
const CONTEXT = {
  version: '1.0',
  'room.subject': {
    resourceType: 'Patient',
    identifier: [{ value: '87479412034', system: 'http://fhir.nl/fhir/NamingSystem/pseudo-bsn' }],
  },
};
const PLATFORM_CONTEXT = {
  version: '1.0',
  'room.subject': { platform_type: 'patient_record', identifier: 'patient_67890', display_name: 'J. Doe' },
};

describe.skipIf(inject('stackMissing') !== undefined)('the June 2025 guide', () => {
  let context: TestContext;
  let bot: BotView;
  let service: PseudonymService;
  let specialist: Person;
  let identityUrl: string;
  let spaceId: string;
  let roomId: string;

  beforeAll(async () => {
    const { neighbour, synapse, hapi } = inject('stack');
    const port = await reservePort();
    identityUrl = `http://127.0.0.1:${port}`;
    service = await startPseudonymService();
    context = await startContext({
      BRIDGE_MATRIX_ROOM_VERSION: '11',
      BRIDGE_MATRIX_TRUSTED_SERVERS: neighbour.serverName,
      BRIDGE_MATRIX_USER_MAPPINGS: 'all',
      ...service.environment,
      BRIDGE_IDENTITY_ENABLED: 'true',
      BRIDGE_IDENTITY_PORT: String(port),
      BRIDGE_IDENTITY_BACKEND_AUTH: 'bearer',
      BRIDGE_IDENTITY_BACKEND_SECRET: SECRET,
      BRIDGE_IDENTITY_LEGACY_SHAPES: 'true',
      BRIDGE_IDENTITY_DIRECTORIES: JSON.stringify([
        { kind: 'local' },
        {
          ...{ kind: 'mcsd', name: 'care', baseUrl: hapi.url, allowPrivateAddresses: true },
          ...{ trustedServers: [synapse.serverName], syncSeconds: 1, overlapSeconds: 5, timeoutSeconds: 5 },
        },
      ]),
      BRIDGE_IDENTITY_DIRECTORIES_BUDGET_SECONDS: '10',
    });
    bot = botView();
    specialist = await startUser(context, 'specialist', 'neighbour');
    const { platform, nurse: smith } = context;
    await platform.put({
      ...{ resourceType: 'Practitioner', id: 'doc-12345', name: [{ text: 'Dr. Smith' }] },
      identifier: [{ system: UZI, value: '123456789' }],
      telecom: [
        { system: 'email', value: 'dr.smith@hospital-a.nl', use: 'work' },
        matrixTelecom(smith.userId),
      ],
    });
    await platform.put({
      ...{ resourceType: 'Patient', id: 'patient-67890', name: [{ text: 'John Doe' }] },
      telecom: [{ system: 'email', value: 'john.doe@example.com', use: 'home' }],
    });
    await platform.put({
      ...{
        resourceType: 'CareTeam',
        id: '123',
        status: 'active',
        subject: { reference: 'Patient/patient-67890' },
      },
      participant: ['Practitioner/doc-12345', 'Patient/patient-67890'].map((reference) => ({
        member: { reference },
      })),
    });
    spaceId = await smith.join(`#careteam/123:${context.serverName}`);
  });
  afterAll(async () => {
    specialist.leaveClient();
    service.end();
    await context.end();
  });

  const refusal = (attempt: Promise<unknown>): Promise<unknown> =>
    attempt.then(
      () => 'accepted',
      (error: unknown) => (error instanceof MatrixError ? error.errcode : error),
    );
  const smithSets = (room: string, type: string, content: object, key: string) =>
    context.nurse.client.sendStateEvent(room, type as never, content as never, key);

  test('1.1: the guide’s ids cannot be FHIR ids, which have no underscores; with dashes they can', async () => {
    for (const id of ['doc_12345', 'patient_67890']) {
      const response = await fetch(`${context.fhirUrl}/Practitioner/${id}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/fhir+json' },
        body: JSON.stringify({ resourceType: 'Practitioner', id }),
      });
      expect(response.status).toBe(400);
    }
  });

  test('1.3: the guide’s space cannot be made by hand: its alias is the bridge’s, and leads to the team’s space', async () => {
    const byHand = context.nurse.client.createRoom({
      creation_content: { type: 'm.space' },
      name: 'Care Team for John Doe',
      room_alias_name: 'careteam-123',
      power_level_content_override: {
        users: {
          '@dr.smith:domain.nl': 75,
          '@nurse.jane:domain.nl': 75,
          '@family.member:domain.nl': 50,
          '@patient.john:domain.nl': 25,
        },
      },
    });
    expect(await refusal(byHand)).toBe('M_EXCLUSIVE');
    const dashed = () => bot.find(`#careteam-123:${context.serverName}`);
    await eventually(dashed).toBe(spaceId);
    // Its name has no patient in it, unlike the guide’s.
    expect(context.nurse.state(spaceId, 'm.room.name')?.['name']).not.toMatch(/John|Doe/);
  });

  test.each([
    ['email', 'dr.smith@hospital-a.nl'],
    ['uzi_nr', '123456789'],
  ])('1.4: ma1sd’s question by %s is answered in the shape of the guide', async (medium, address) => {
    const ask = async (headers: Readonly<Record<string, string>>) => {
      const response = await fetch(`${identityUrl}/_ma1sd/backend/api/v1/identity/single`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ lookup: { medium, address } }),
      });
      const body: unknown = await response.json();
      return { status: response.status, body };
    };
    const known = () => ask({ authorization: `Bearer ${SECRET}` });
    // Once the local table was filled from the directory.
    await expect.poll(known, { timeout: 60_000, interval: 500 }).toEqual({
      status: 200,
      body: { id: { type: 'mxid', value: context.nurse.userId } },
    });
    // The guide asks without credentials: anyone could find out who works where.
    expect((await ask({})).status).not.toBe(200);
  });

  test('2.1: a room made by hand and listed in the space becomes a conversation, once the bridge is let in', async () => {
    const { nurse: smith, platform } = context;
    const made = await smith.client.createRoom({
      name: 'Multi-Organization Care Discussion',
      room_alias_name: 'care-discussion-456',
      initial_state: [
        { type: 'm.space.parent', state_key: spaceId, content: { via: ['hospital-a.nl'], canonical: true } },
      ],
    });
    roomId = made.room_id;
    await smithSets(spaceId, 'm.space.child', { via: ['domain.nl'], order: '01', suggested: true }, roomId);
    await smithSets(roomId, 'm.space.parent', { via: ['domain.nl'], canonical: true }, spaceId);
    // In the guide the bridge makes the room itself; into a private room of someone else it has to be invited.
    const memberships = (): Promise<unknown> =>
      Promise.resolve(smith.state(roomId, 'm.room.member', bot.userId)?.['membership']);
    expect(await memberships()).toBeUndefined();
    await smith.client.invite(roomId, bot.userId);
    await eventually(memberships).toBe('join');
    // And it keeps the room in order, which it has to be given the power for.
    await smith.client.setPowerLevel(roomId, bot.userId, 100);
    const request = async (): Promise<unknown> =>
      (
        await platform.search(
          'CommunicationRequest?requester=Practitioner/doc-12345&subject=Patient/patient-67890',
        )
      ).map(({ about }) => about);
    await eventually(request).toEqual([[{ reference: 'CareTeam/123', type: 'CareTeam' }]]);
  });

  test('2.1: a room that only names its parent is listed in the space by the bridge', async () => {
    const { nurse: smith } = context;
    const { room_id: other } = await smith.client.createRoom({
      name: 'Multi-Organization Care Discussion',
      invite: [bot.userId],
      initial_state: [
        { type: 'm.space.parent', state_key: spaceId, content: { via: ['hospital-a.nl'], canonical: true } },
      ],
    });
    await eventually(() => Promise.resolve(smith.state(spaceId, 'm.space.child', other)?.['via'])).toEqual([
      context.serverName,
    ]);
  });

  test('2.1: the guide’s invite() loses the patient; as a state event the context arrives word for word', async () => {
    const { nurse: smith } = context;
    const seen = () => specialist.state(roomId, 'm.room.member', specialist.userId);
    const invited = () =>
      waitUntil(() => seen()?.['membership'] === 'invite', { what: 'they are invited', timeoutMs: 60_000 });
    const options = {
      reason: 'Cardiology consultation for patient care',
      'nl-ta-chat.invite.context': CONTEXT,
    };
    await smith.client.invite(roomId, specialist.userId, options);
    await invited();
    expect(seen()).not.toHaveProperty('nl-ta-chat.invite.context');

    await smith.client.kick(roomId, specialist.userId);
    await waitUntil(() => seen()?.['membership'] !== 'invite', { what: 'they are not', timeoutMs: 60_000 });
    await smithSets(roomId, 'm.room.member', { membership: 'invite', ...options }, specialist.userId);
    await invited();
    expect(seen()).toMatchObject({ membership: 'invite', ...options });
  });

  test('2.2: a user maps themselves, and no one else; the bridge maps its ghosts as the guide has it', async () => {
    const { nurse: smith } = context;
    const mapping = {
      fhirRef: 'Practitioner/doc_12345',
      uraNr: '00000001',
      uziNr: '123456789',
      roleCode: '158965000',
    };
    expect(await refusal(smithSets(roomId, 'custom.user_mappings', mapping, smith.userId))).toBe('accepted');
    // The guide’s mappings have e-mail addresses too. By default none is written: every homeserver in the room reads them.
    // The guide has one client write those of all: Matrix lets a state key with an @ be only its sender’s.
    const patient = ghostOf('Patient/patient-67890');
    expect(await refusal(smithSets(roomId, 'custom.user_mappings', mapping, patient))).toBe('M_FORBIDDEN');
    await eventually(() => Promise.resolve(smith.state(spaceId, 'custom.user_mappings', patient))).toEqual({
      fhirRef: 'Patient/patient-67890',
    });
  });

  test('2.3: the guide’s formatted message is recorded, and a platform’s is said', async () => {
    const { nurse: smith, platform } = context;
    const { room_id: room } = await smith.client.getRoomIdForAlias(
      `#care-discussion-456:${context.serverName}`,
    );
    expect(room).toBe(roomId);
    await smith.client.sendMessage(roomId, {
      msgtype: 'm.text',
      body: 'Patient shows improvement in mobility',
      formatted_body: '<p>Patient shows improvement in mobility</p>',
      format: 'org.matrix.custom.html',
    } as never);
    const [request] = (
      await platform.search(
        'CommunicationRequest?requester=Practitioner/doc-12345&subject=Patient/patient-67890',
      )
    ).filter(({ identifier }) => JSON.stringify(identifier).includes(roomId.slice(1)));
    const texts = async (): Promise<unknown> =>
      (await recordsOf(platform, String(request?.id))).map(({ payload }) => payload[0]?.contentString);
    await eventually(texts).toEqual(['Patient shows improvement in mobility']);
  });

  test('2.4: the platform’s form of the context is read; a record that no one here knows is declined', async () => {
    const { room_id: theirs } = await specialist.client.createRoom({ room_version: '11' });
    const ghost = ghostOf('Patient/patient-67890');
    const content = {
      membership: 'invite',
      reason: 'Consultation request for cardiac care',
      'nl-ta-chat.invite.context': PLATFORM_CONTEXT,
    };
    await specialist.client.sendStateEvent(theirs, 'm.room.member' as never, content as never, ghost);
    await eventually(() =>
      Promise.resolve(specialist.state(theirs, 'm.room.member', ghost)?.['membership']),
    ).toBe('leave');
    expect(service.asked.at(-1)).toMatchObject({
      path: '/patients',
      body: { token: 'patient_67890', platform: 'patient_record' },
    });
  });
});
