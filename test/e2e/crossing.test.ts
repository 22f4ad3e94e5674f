// The September challenge and its reverse, with a real Matrix client, Synapse, HAPI FHIR and the running bridge.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import { findPersonalData } from '../builders/personal-data.ts';
import { awaitIdle } from './bridges.ts';
import type { Communication, TestContext } from './context.ts';
import { awaitRecords, recordsOf, shareContext } from './context.ts';
import { validationErrors } from './validate.ts';

describe.skipIf(inject('stackMissing') !== undefined)('a message crosses', () => {
  let context: TestContext;
  beforeAll(async () => {
    context = await shareContext();
  });
  afterAll(async () => {
    await context.end();
  });

  test('text said in the room of a CommunicationRequest is found over FHIR search within 2 s, as the guide specifies', async () => {
    const { platform, nurse, prefix, createConversation } = context;
    const { room, id } = await createConversation('september', 'How is she today?');
    const roomId = await nurse.join(room);
    await nurse.hear(roomId, 'How is she today?');

    const before = performance.now();
    const eventId = await nurse.say(roomId, 'Much better, thank you.');
    const [record] = await awaitRecords(platform, id, (records) => records.length === 1);
    expect(performance.now() - before).toBeLessThan(2_000);

    expect(record).toEqual({
      resourceType: 'Communication',
      id: expect.stringMatching(/^m-[0-9a-f]{43}$/) as string,
      meta: expect.objectContaining({ versionId: '1' }) as object,
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/communication-source-system', valueString: 'matrix' },
      ],
      identifier: [{ use: 'official', system: 'https://matrix.org/event-id', value: eventId }],
      partOf: [{ reference: `CommunicationRequest/${id}`, type: 'CommunicationRequest' }],
      status: 'completed',
      subject: { reference: `Patient/${prefix}client`, type: 'Patient' },
      sent: new Date((await nurse.hear(roomId, 'Much better, thank you.')).getTs()).toISOString(),
      sender: { reference: `Practitioner/${prefix}nurse`, type: 'Practitioner' },
      payload: [{ contentString: 'Much better, thank you.' }],
    });
  });

  test('a CareTeam, a CommunicationRequest and a Communication become a space, a room in it and its messages', async () => {
    const { platform, nurse, prefix, createConversation, serverName } = context;
    const { room, space, id } = await createConversation('reverse', 'Who can come by?');
    const written = (await platform.post(
      communication(prefix, id, 'It is about the stairs.'),
    )) as Communication;

    const spaceId = await nurse.join(space);
    const roomId = await nurse.join(room);
    await nurse.hear(roomId, 'It is about the stairs.');
    expect(await nurse.history(roomId)).toEqual(['Who can come by?', 'It is about the stairs.']);
    expect((await nurse.hear(roomId, 'Who can come by?')).sender?.name).toBe('K.D.V. (relative)');

    expect(nurse.state(spaceId, 'm.room.create')?.['type']).toBe('m.space');
    expect(nurse.state(spaceId, 'm.room.name')?.['name']).toMatch(/^Care team \d+ · Nurse Noor Bakker$/);
    expect(nurse.state(spaceId, 'm.space.child', roomId)).toMatchObject({
      via: [serverName],
      suggested: true,
    });
    expect(nurse.state(roomId, 'm.space.parent', spaceId)).toEqual({ via: [serverName], canonical: true });
    const members = nurse.client
      .getRoom(roomId)
      ?.getJoinedMembers()
      .map((member) => member.name);
    expect(members?.toSorted()).toEqual(['J.D.V. (client)', 'K.D.V. (relative)', 'Noor', 'Zorgplatform']);

    const event = await nurse.hear(roomId, 'It is about the stairs.');
    const [updated] = await awaitRecords(platform, id, ([record]) => record?.identifier !== undefined);
    expect(updated).toMatchObject({
      id: written.id,
      meta: { versionId: '2' },
      identifier: [{ use: 'official', system: 'https://matrix.org/event-id', value: event.getId() }],
    });
  });

  test('neither direction echoes: a message stays one event and one resource', async () => {
    const { platform, nurse, prefix, createConversation, bridge } = context;
    const { room, id } = await createConversation('echo', 'First');
    const roomId = await nurse.join(room);
    await nurse.hear(roomId, 'First');
    await platform.post(communication(prefix, id, 'From the platform'));
    await nurse.hear(roomId, 'From the platform');
    await nurse.say(roomId, 'From the room');
    await awaitRecords(
      platform,
      id,
      (records) => records.length === 2 && records.every((record) => record.identifier !== undefined),
    );
    // What would be an echo passes through the same readers and lanes: a later message of the same room comes after it.
    await platform.post(communication(prefix, id, 'The last one'));
    await nurse.hear(roomId, 'The last one');
    await awaitIdle(bridge);
    expect(await nurse.history(roomId)).toEqual([
      'First',
      'From the platform',
      'From the room',
      'The last one',
    ]);
    const records = await recordsOf(platform, id);
    expect(records.map((record) => record.payload[0]?.contentString).toSorted()).toEqual([
      'From the platform',
      'From the room',
      'The last one',
    ]);
  });

  test('a Communication that comes before its team and request makes both rooms on demand', async () => {
    const { platform, nurse, prefix, createConversation } = context;
    // One transaction: all three bear one stamp, and the readers of the three types meet them in any order.
    const { id } = await createConversation('any-order', 'Never read');
    const bundle = {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        { ...communication(prefix, `${prefix}sudden`, 'All at once') },
        {
          ...((await platform.read(`CommunicationRequest/${id}`)) as object),
          id: `${prefix}sudden`,
          payload: [{ contentString: 'The first' }],
        },
      ].map((resource) => {
        const { resourceType, id: own } = resource as { resourceType: string; id?: string };
        const url = own === undefined ? resourceType : `${resourceType}/${own}`;
        return { resource, request: { method: own === undefined ? 'POST' : 'PUT', url } };
      }),
    };
    const response = await fetch(context.fhirUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/fhir+json' },
      body: JSON.stringify(bundle),
    });
    expect(response.status).toBe(200);
    const roomId = await nurse.join(`#communicationrequest/${prefix}sudden:${context.serverName}`);
    await nurse.hear(roomId, 'All at once');
    expect(await nurse.history(roomId)).toEqual(['The first', 'All at once']);
  });

  test('every resource the bridge wrote passes the FHIR server’s $validate', async () => {
    const { platform, prefix } = context;
    const written = await platform.search(`Communication?subject=Patient/${prefix}client&_count=200`);
    const subscriptions = await platform.search('Subscription?_count=50');
    expect(written.length).toBeGreaterThan(4);
    expect(subscriptions.length).toBeGreaterThan(2);
    expect(await validationErrors(context.fhirUrl, [...written, ...subscriptions])).toEqual([]);
  });

  test('no name, no text and no token reaches the log', async () => {
    const log = await context.bridgeLog();
    expect(log).toContain('"msg":"Running"');
    expect(findPersonalData(log)).toEqual([]);
    for (const secret of ['Noor', 'stairs', 'Much better', inject('stack').appservice.asToken]) {
      expect(log).not.toContain(secret);
    }
  });
});
