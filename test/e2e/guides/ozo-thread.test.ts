// OZO’s example thread: a caregiver asks, the platform approves, professionals answer; and its thread between two teams.
// https://github.com/ozoverbindzorg/integrale-netwerk-communicatie/tree/main/input/fsh/examples
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { matrixTelecom } from '../../../stack/demo/care-network.ts';
import { ozoFaults } from '../../builders/ozo-rules.ts';
import { awaitAllRead } from '../bridges.ts';
import type { TestContext } from '../context.ts';
import { recordsOf, startContext } from '../context.ts';
import type { BotView } from '../rooms.ts';
import { botView, eventually, ghostOf } from '../rooms.ts';

const typed = (reference: string, over: object = {}) => ({
  reference,
  type: reference.split('/')[0],
  ...over,
});
const named = (resourceType: string, id: string, text: string, over: object = {}) => ({
  ...{ resourceType, id, active: true, name: [{ text }] },
  ...over,
});

const NETWORK = {
  resourceType: 'CareTeam',
  id: 'Netwerk-H-de-Boer',
  meta: { profile: ['http://ozoverbindzorg.nl/fhir/StructureDefinition/OZOCareTeam'] },
  status: 'active',
  subject: typed('Patient/H-de-Boer', { display: 'H. de Boer' }),
  participant: [
    { member: typed('Patient/H-de-Boer', { display: 'H. de Boer' }), role: [{ text: 'Zelfredzame cliënt' }] },
    { member: typed('RelatedPerson/Kees-Groot') },
    ...(
      [
        ['Manu-van-Weel', 'Manu van Weel'],
        ['Mark-Benson', 'Mark Benson'],
        ['A-P-Otheeker', 'A.P. Otheeker'],
      ] as const
    ).map(([id, display]) => ({ member: typed(`Practitioner/${id}`, { display }) })),
  ],
};

const THREAD = {
  resourceType: 'CommunicationRequest',
  id: 'Thread-Example',
  meta: { profile: ['http://ozoverbindzorg.nl/fhir/StructureDefinition/OZOCommunicationRequest'] },
  status: 'draft',
  subject: typed('Patient/H-de-Boer', { display: 'H. de Boer' }),
  payload: [
    { contentString: 'Thread created by RelatedPerson' },
    {
      contentAttachment: {
        contentType: 'application/pdf',
        url: 'https://example.com/data/rapport_fractuur.pdf',
        title: 'rapport_fractuur.pdf',
        creation: '3899-06-21T00:00:00+02:00',
      },
    },
  ],
  requester: typed('RelatedPerson/Kees-Groot'),
  recipient: [typed('CareTeam/Netwerk-H-de-Boer')],
};

const reply = (id: string, sender: object, text: string) => ({
  resourceType: 'Communication',
  id,
  meta: { profile: ['http://ozoverbindzorg.nl/fhir/StructureDefinition/OZOCommunication'] },
  partOf: [typed('CommunicationRequest/Thread-Example')],
  status: 'in-progress',
  sender,
  payload: [{ contentString: text }],
});
const FROM_MANU =
  'Goedemorgen Kees, bedankt voor uw bericht. Ik heb het rapport bekeken en zal dit bespreken met het team.';
const FROM_KEES = 'Message from RelatedPerson to CareTeam';

const TEAM_TEXT =
  'Beste collega’s, kunnen jullie de medicatielijst van deze patiënt controleren op mogelijke interacties? We hebben een nieuw recept ontvangen voor bloedverdunners.'.replace(
    '’',
    "'",
  );
const organizationalTeam = (id: string, name: string, ...members: readonly string[]) => ({
  ...{ resourceType: 'CareTeam', id, name, status: 'active' },
  participant: members.map((member) => ({ member: typed(`Practitioner/${member}`) })),
});

const REPORT = Buffer.from('%PDF-1.7\nEen breuk in de pols.');

interface Dropbox {
  readonly host: string;
  /** Of the report. */
  readonly url: string;
  readonly end: () => void;
}

/** Where OZO's clients put their files. https://github.com/ozoverbindzorg/integrale-netwerk-communicatie/blob/main/input/pagecontent/interaction-dropbox.md */
async function startDropbox(): Promise<Dropbox> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/pdf' }).end(REPORT);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ host, url: `http://${host}/data/rapport_fractuur.pdf` },
    end() {
      server.close();
      server.closeAllConnections();
    },
  };
}

describe.skipIf(inject('stackMissing') !== undefined).each(['ozo-0.7', 'ozo-0.9'] as const)(
  'OZO’s threads, under the profile %s',
  (version) => {
    let context: TestContext;
    let bot: BotView;
    let dropbox: Dropbox;
    let roomId: string;

    beforeAll(async () => {
      dropbox = await startDropbox();
      context = await startContext({
        ...{ BRIDGE_FHIR_PROFILE: version, BRIDGE_ATTACHMENTS_ALLOWED_HOSTS: dropbox.host },
        BRIDGE_ATTACHMENTS_ALLOW_PRIVATE_ADDRESSES: 'true',
        ...{ BRIDGE_READ_STATE_ENGINE: 'bridge', BRIDGE_READ_STATE_QUIET_SECONDS: '1' },
      });
      bot = botView();
      const { platform, nurse: mark } = context;
      await platform.put(named('Patient', 'H-de-Boer', 'H. de Boer'));
      await platform.put(
        named('RelatedPerson', 'Kees-Groot', 'Kees Groot', { patient: typed('Patient/H-de-Boer') }),
      );
      for (const [id, text] of [
        ['Manu-van-Weel', 'Manu van Weel'],
        ['A-P-Otheeker', 'A.P. Otheeker'],
        // Without his surname: it is the one of a patient for whom the privacy sweep looks.
        ['Pieter', 'Pieter'],
        ['Johan-van-den-Berg', 'Johan van den Berg'],
      ] as const)
        await platform.put(named('Practitioner', id, text));
      // Mark chats in Matrix, all others on the platform.
      const telecom = [matrixTelecom(mark.userId)];
      await platform.put(named('Practitioner', 'Mark-Benson', 'Mark Benson', { telecom }));
      await platform.put(NETWORK);
      await platform.put({ ...THREAD, id: `Thread-Example-${version}` });
    });
    afterAll(async () => {
      dropbox.end();
      await context.end();
    });

    const alias = (): string => `#communicationrequest/Thread-Example-${version}:${context.serverName}`;
    const inThread = (communication: ReturnType<typeof reply>) => ({
      ...communication,
      id: `${communication.id}-${version}`,
      partOf: [typed(`CommunicationRequest/Thread-Example-${version}`)],
    });
    /** The resources that the bridge wrote, or wrote into. */
    const faultsOf = async (requestId: string): Promise<readonly string[]> => {
      const records = await recordsOf(context.platform, requestId);
      return records.flatMap((record) => ozoFaults(record, version));
    };

    test('a draft is no conversation yet', async () => {
      await awaitAllRead(context);
      expect(await bot.find(alias())).toBeUndefined();
    });

    test('once it is approved, the caregiver’s question is the first message', async () => {
      await context.platform.put({ ...THREAD, id: `Thread-Example-${version}`, status: 'active' });
      roomId = await context.nurse.join(alias());
      const first = await context.nurse.hear(roomId, 'Thread created by RelatedPerson');
      expect(first.getSender()).toBe(ghostOf('RelatedPerson/Kees-Groot'));
    });

    test('the report that the example links to is named after it: the bridge fetches nothing from where it was not told to', async () => {
      await context.nurse.hear(
        roomId,
        '[A file is missing here, rapport_fractuur.pdf: its address is not allowed]',
      );
    });

    test('a report in OZO’s dropbox, whose host the bridge was told, is a file in the room', async () => {
      const { platform, nurse: mark } = context;
      const text = { contentString: 'Zie het rapport.' };
      // As the dropbox answers: the address is in the attachment, the file at the address.
      const report = { ...THREAD.payload[1]?.contentAttachment, url: dropbox.url };
      const kees = typed('RelatedPerson/Kees-Groot');
      await platform.put({
        ...inThread(reply('Reply-Kees-with-report', kees, text.contentString)),
        payload: [text, { contentAttachment: report }],
      });
      await mark.hear(roomId, text.contentString);
      const file = await mark.hear(roomId, 'rapport_fractuur.pdf');
      expect(file.getSender()).toBe(ghostOf('RelatedPerson/Kees-Groot'));
      expect(file.getContent()).toMatchObject({
        ...{ msgtype: 'm.file', filename: 'rapport_fractuur.pdf' },
        info: { mimetype: 'application/pdf', size: REPORT.length },
      });
      const media = String(file.getContent()['url']).replace('mxc://', '');
      const { homeserverUrl } = context;
      const downloaded = await fetch(`${homeserverUrl}/_matrix/client/v1/media/download/${media}`, {
        headers: { authorization: `Bearer ${mark.client.getAccessToken() ?? ''}` },
      });
      expect(Buffer.from(await downloaded.arrayBuffer())).toEqual(REPORT);
    });

    test('the answers of the platform are said by those who gave them, and get the event’s id', async () => {
      const { platform, nurse: mark } = context;
      const manu = typed('Practitioner/Manu-van-Weel', { display: 'Manu van Weel' });
      await platform.put(inThread(reply('Reply-Manu-to-Kees', manu, FROM_MANU)));
      const answer = await mark.hear(roomId, FROM_MANU);
      expect(answer.getSender()).toBe(ghostOf('Practitioner/Manu-van-Weel'));
      await platform.put(
        inThread(reply('Reply-Kees-to-Netwerk', typed('RelatedPerson/Kees-Groot'), FROM_KEES)),
      );
      expect((await mark.hear(roomId, FROM_KEES)).getSender()).toBe(ghostOf('RelatedPerson/Kees-Groot'));
      const identifier = async (): Promise<unknown> =>
        (await platform.read(`Communication/Reply-Manu-to-Kees-${version}`))['identifier'];
      await eventually(identifier).toEqual([
        { use: 'official', system: 'https://matrix.org/event-id', value: answer.getId() },
      ]);
    });

    test('an answer from Matrix is a Communication that the profile accepts', async () => {
      await context.nurse.say(roomId, 'Ik kijk er vandaag naar.');
      const id = `Thread-Example-${version}`;
      const last = async (): Promise<unknown> => {
        const records = await recordsOf(context.platform, id);
        return records.find(({ payload }) => JSON.stringify(payload).includes('Ik kijk'))?.sender;
      };
      await eventually(last).toEqual({ reference: 'Practitioner/Mark-Benson', type: 'Practitioner' });
      expect(await faultsOf(id)).toEqual([]);
    });

    test('what the bridge writes of it for reading and auditing is what the profile accepts', async () => {
      const { platform, nurse: mark } = context;
      const thread = `CommunicationRequest/Thread-Example-${version}`;
      const answer = await mark.hear(roomId, FROM_KEES);
      await mark.client.sendReadReceipt(answer);
      const marks = async (): Promise<unknown> => {
        const tasks = await platform.search(`Task?based-on=${thread}`);
        return tasks.find(({ owner }) => owner?.reference === 'Practitioner/Mark-Benson')?.status;
      };
      await eventually(marks).toBe('completed');
      await awaitAllRead(context);
      const tasks = await platform.search(`Task?based-on=${thread}&_count=100`);
      const events = await platform.search(`AuditEvent?entity=${thread}&_count=100`);
      const written = events.filter(({ meta }) => JSON.stringify(meta).includes('fhir-matrix-bridge'));
      expect(tasks.length).toBeGreaterThan(2);
      expect(new Set(written.flatMap(({ subtype = [] }) => subtype.map(({ code }) => code)))).toEqual(
        new Set(['create', 'read', 'update']),
      );
      for (const resource of [...tasks, ...written]) expect(ozoFaults(resource, version)).toEqual([]);
    });

    test('a thread between two teams has the people of both, and a message of one names its team from 0.9 on', async () => {
      const { platform, nurse: mark, serverName } = context;
      const otheeker = typed('Practitioner/A-P-Otheeker');
      await platform.put(
        organizationalTeam('Pharmacy-A', 'Apotheek de Pil - Team', 'A-P-Otheeker', 'Pieter'),
      );
      await platform.put(
        organizationalTeam(
          'Clinic-B',
          'Huisarts Amsterdam - Team',
          ...['Manu-van-Weel', 'Mark-Benson', 'Johan-van-den-Berg'],
        ),
      );
      const id = `Pharmacy-to-Clinic-${version}`;
      await platform.put({
        ...{ resourceType: 'CommunicationRequest', id, status: 'active' },
        ...{
          subject: typed('Patient/H-de-Boer', { display: 'H. de Boer' }),
          requester: otheeker,
          sender: otheeker,
        },
        extension: [
          {
            url: 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-sender-careteam',
            valueReference: { reference: 'CareTeam/Pharmacy-A' },
          },
        ],
        recipient: [typed('CareTeam/Clinic-B')],
        payload: [{ contentString: TEAM_TEXT }],
      });
      const room = await mark.join(`#communicationrequest/${id}:${serverName}`);
      await mark.hear(room, TEAM_TEXT);
      expect(await bot.members(room)).toMatchObject(
        Object.fromEntries(
          ['A-P-Otheeker', 'Pieter', 'Manu-van-Weel', 'Johan-van-den-Berg'].map((person) => [
            ghostOf(`Practitioner/${person}`),
            'join',
          ]),
        ),
      );
      await mark.say(room, 'Wij controleren het.');
      const teams = async (): Promise<unknown> => {
        const [record] = await recordsOf(platform, id);
        return record?.extension?.filter(({ url }) => url.endsWith('ozo-sender-careteam'));
      };
      const clinic = {
        url: 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-sender-careteam',
        valueReference: typed('CareTeam/Clinic-B'),
      };
      await eventually(teams).toEqual(version === 'ozo-0.9' ? [clinic] : []);
      expect(await faultsOf(id)).toEqual([]);
    });
  },
);
