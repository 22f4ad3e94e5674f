// Two organisations talk in one room, each with a bridge and a FHIR server of its own, over two homeservers.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import type { Platform, Resource } from '../../stack/demo/platform.ts';
import { waitUntil } from '../../stack/wait.ts';
import { withPersonalData } from '../builders/personal-data.ts';
import { awaitAllRead } from './bridges.ts';
import { aliases, practitioner, request, team } from './care.ts';
import type { Communication, TestContext } from './context.ts';
import { recordsOf, startContext } from './context.ts';
import type { OtherOrganisation } from './other-organisation.ts';
import { startOtherOrganisation } from './other-organisation.ts';
import type { PseudonymService } from './pseudonym-service.ts';
import { startPseudonymService } from './pseudonym-service.ts';
import { botView, eventually, ghostOf } from './rooms.ts';

/** A Communication, as far as this file looks at it. */
type Record = Communication & {
  readonly status: string;
  readonly sender?: { readonly reference?: string; readonly identifier?: { readonly value: string } };
};

describe.skipIf(inject('stackMissing') !== undefined)('two bridges in one room', () => {
  let ours: TestContext;
  let theirs: OtherOrganisation;
  let service: PseudonymService;
  let roomId: string;
  /** The conversation, as each of the FHIR servers has it. */
  let talk: { readonly ours: string; readonly theirs: string };
  let doctor: string;
  let daughter: string;
  /** The event of the nurse's message. */
  let said: string;

  beforeAll(async () => {
    const { synapse, neighbour } = inject('stack');
    service = await startPseudonymService((token) =>
      typeof token === 'string' && token.startsWith('token-') ? 'Patient/client' : undefined,
    );
    [ours, theirs] = await Promise.all([
      startContext({
        BRIDGE_MATRIX_TRUSTED_SERVERS: neighbour.serverName,
        ...service.environment,
      }),
      startOtherOrganisation({
        BRIDGE_MATRIX_TRUSTED_SERVERS: synapse.serverName,
        ...service.environment,
      }),
    ]);
    doctor = theirs.ghostOf('Practitioner/doctor');
    daughter = ghostOf(`RelatedPerson/${ours.prefix}daughter`);
  });
  afterAll(async () => {
    service.end();
    await Promise.all([ours.end(), theirs.end()]);
  });

  const records = async (side: 'ours' | 'theirs'): Promise<readonly Record[]> => {
    const platform = side === 'ours' ? ours.platform : theirs.platform;
    return (await recordsOf(platform, talk[side])) as readonly Record[];
  };
  /** The record of a message on a FHIR server, once it says this and names its event: until then the bridge is writing it. */
  const filed = async (side: 'ours' | 'theirs', text: string): Promise<Record> => {
    const look = async () =>
      (await records(side)).find(
        ({ identifier, payload }) => identifier !== undefined && payload[0]?.contentString === text,
      );
    return waitUntil(look, { what: `“${text}” is filed`, timeoutMs: 60_000, everyMs: 25 });
  };
  const settled = async (): Promise<void> => {
    for (const side of [ours, theirs, ours]) await awaitAllRead(side);
  };

  test('who is invited by the one bridge is let in by the other, which has a conversation for the room', async () => {
    const { prefix, platform, nurse } = ours;
    await theirs.platform.put(withPersonalData({ resourceType: 'Patient', id: 'client' }));
    await theirs.platform.put(practitioner('doctor', 'Dr. Dora Doctor'));
    await theirs.platform.put({
      ...{ resourceType: 'CareTeam', id: 'team', status: 'active', subject: { reference: 'Patient/client' } },
      participant: [{ member: { reference: 'Practitioner/doctor' } }],
    });
    await awaitAllRead(theirs);
    await platform.put(practitioner(`${prefix}doctor`, 'Dr. Dora Doctor', doctor));
    const members = ['Practitioner/nurse', 'Practitioner/doctor', 'RelatedPerson/daughter'];
    const own = members.map((reference) => reference.replace('/', `/${prefix}`));
    await platform.put(team(prefix, `${prefix}team`, own));
    // Without a first message: whether their ghost is in the room in time to hear it is a matter of luck.
    const over = { payload: undefined };
    await platform.put(request(prefix, `${prefix}talk`, [`CareTeam/${prefix}team`], over));
    roomId = await nurse.join(aliases.room(`${prefix}talk`));
    await eventually(async () => (await botView().members(roomId))[doctor]).toBe('join');

    const uri = encodeURIComponent(`urn:ietf:rfc:3986|matrix:roomid/${roomId.slice(1)}`);
    const find = async () => (await theirs.platform.search(`CommunicationRequest?identifier=${uri}`))[0];
    const received = await waitUntil(find, { what: 'they have the conversation', timeoutMs: 60_000 });
    expect(received).toMatchObject({
      ...{ subject: { reference: 'Patient/client' }, about: [{ reference: 'CareTeam/team' }] },
      recipient: [{ reference: 'Practitioner/doctor' }],
    });
    talk = { ours: `${prefix}talk`, theirs: received.id };
  });

  const post = (platform: Platform, requestId: string, over: object): Promise<Resource> =>
    platform.post({ ...communication(ours.prefix, requestId, ''), ...over });
  const fromOurs = (text: string) => post(ours.platform, talk.ours, { payload: [{ contentString: text }] });
  const fromTheirs = (text: string) =>
    post(theirs.platform, talk.theirs, {
      ...{ subject: { reference: 'Patient/client' }, sender: { reference: 'Practitioner/doctor' } },
      payload: [{ contentString: text }],
    });
  /** How a record says that its sender is of another organisation. */
  const foreign = (homeserver: string) => ({
    tag: expect.arrayContaining([expect.objectContaining({ code: 'other-organization' })]) as unknown,
    extension: expect.arrayContaining([expect.objectContaining({ valueString: homeserver })]) as unknown,
  });

  test('what a user says is filed on both sides, on theirs as that of another organisation', async () => {
    const { nurse, prefix, serverName } = ours;
    said = await nurse.say(roomId, 'From the nurse');
    const { sender, meta } = await filed('ours', 'From the nurse');
    expect(sender).toMatchObject({ reference: `Practitioner/${prefix}nurse` });
    expect(meta).not.toHaveProperty('tag');
    const { tag, extension } = foreign(serverName);
    expect(await filed('theirs', 'From the nurse')).toMatchObject({
      ...{ sender: { identifier: { value: `matrix:u/${nurse.userId.slice(1)}` } } },
      ...{ subject: { reference: 'Patient/client' }, meta: { tag }, extension },
    });
  });

  test('what our platform says is said by our ghost, and filed by them', async () => {
    await fromOurs('From our platform');
    expect((await ours.nurse.hear(roomId, 'From our platform')).getSender()).toBe(daughter);
    const { tag, extension } = foreign(ours.serverName);
    expect(await filed('theirs', 'From our platform')).toMatchObject({
      ...{ sender: { identifier: { value: `matrix:u/${daughter.slice(1)}` } }, meta: { tag }, extension },
    });
  });

  test('what their platform says is said by their ghost, and filed by us', async () => {
    await fromTheirs('From their platform');
    expect((await ours.nurse.hear(roomId, 'From their platform')).getSender()).toBe(doctor);
    const { tag, extension } = foreign(inject('stack').neighbour.serverName);
    expect(await filed('ours', 'From their platform')).toMatchObject({
      ...{ sender: { reference: `Practitioner/${ours.prefix}doctor` }, meta: { tag }, extension },
    });
  });

  test('a change of each of them is a new version on both sides', async () => {
    const edit = { msgtype: 'm.text', body: 'From the nurse, changed' };
    await ours.nurse.client.sendEvent(
      roomId,
      'm.room.message' as never,
      {
        ...{ ...edit, body: `* ${edit.body}`, 'm.new_content': edit },
        'm.relates_to': { rel_type: 'm.replace', event_id: said },
      } as never,
    );
    const change = async (side: 'ours' | 'theirs', text: string): Promise<void> => {
      const { platform } = side === 'ours' ? ours : theirs;
      await platform.put({ ...(await filed(side, text)), payload: [{ contentString: `${text}, changed` }] });
    };
    await change('ours', 'From our platform');
    await change('theirs', 'From their platform');
    for (const side of ['ours', 'theirs'] as const)
      for (const who of ['the nurse', 'our platform', 'their platform'])
        expect(await filed(side, `From ${who}, changed`)).toMatchObject({ status: 'completed' });
    for (const side of ['ours', 'theirs'] as const) expect(await records(side)).toHaveLength(3);
  });

  test('a retraction of each of them leaves both sides a record in error', async () => {
    await ours.nurse.client.redactEvent(roomId, said);
    for (const [side, text] of [
      ['ours', 'From our platform, changed'],
      ['theirs', 'From their platform, changed'],
    ] as const) {
      const { platform } = side === 'ours' ? ours : theirs;
      await platform.put({ ...(await filed(side, text)), status: 'entered-in-error' });
    }
    const statuses = (side: 'ours' | 'theirs') => async () =>
      (await records(side)).map(({ status }) => status);
    for (const side of ['ours', 'theirs'] as const)
      await eventually(statuses(side)).toEqual(Array(3).fill('entered-in-error'));
  });

  test('nothing more is sent or written: each message is in the room once, and on each server once', async () => {
    await fromOurs('The last of ours');
    await fromTheirs('The last of theirs');
    for (const side of ['ours', 'theirs'] as const)
      for (const text of ['The last of ours', 'The last of theirs']) await filed(side, text);
    await settled();
    const versions = async () =>
      (await Promise.all([records('ours'), records('theirs')])).map((all) =>
        all.map(({ id, meta }) => `${id}/${meta.versionId}`),
      );
    const before = await versions();
    await settled();
    expect(await versions()).toEqual(before);
    expect(before.map(({ length }) => length)).toEqual([5, 5]);

    const { chunk } = await ours.nurse.client.createMessagesRequest(roomId, null, 500, 'b' as never);
    const byType = (type: string) =>
      chunk
        .filter((event) => event.type === type)
        .map(({ sender }) => sender)
        .toSorted();
    const speakers = [ours.nurse.userId, daughter, doctor];
    // Each of them has said one and changed it, and each of the platforms a last one.
    const messages = [...speakers, ...speakers, daughter, doctor];
    expect(byType('m.room.message')).toEqual(messages.toSorted());
    // With its message a platform retracts the change as well.
    const redactions = [...speakers, daughter, doctor];
    expect(byType('m.room.redaction')).toEqual(redactions.toSorted());
  });
});
