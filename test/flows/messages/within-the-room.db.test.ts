// What messages refer to, on real tables: only what stands in the same room, only its members, only times that can be.
import { describe, expect, test } from 'vitest';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { KINDS } from '../../../src/messages/registry.ts';
import { saveBase } from '../../../src/store/room-members.ts';
import { edit, reaction, redaction } from '../../builders/changes.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { eventId, message, roomId, userId } from '../../builders/matrix.ts';
import { at } from '../../builders/people.ts';
import { createRelayWorld, GHOST, REQUEST } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const M = message().event_id;
const recordOf = (id: string) => ref(`Communication/${communicationIdOf(eventId(id))}`);
type World = Awaited<ReturnType<typeof createRelayWorld>>;
const record = ({ fhir }: World, reference = recordOf(M)) => fhir.stored.get(reference);
const says = (text: string) => ({ status: 'completed', payload: [{ contentString: text }] });

describe('what stands in another room is neither changed nor answered from here', () => {
  const OTHER = roomId('!other:example.org');
  const elsewhere = async () => {
    const world = await createRelayWorld(pool(), KINDS, { messages: { reactions: 'note' } });
    await pool().query(
      `insert into room (reference, alias, room_id, ready_at) values ('CommunicationRequest/9', '#b:example.org', $1, now())`,
      [OTHER],
    );
    const members = new Map([[userId('@nurse:example.org'), ref('Practitioner/7')]]);
    await saveBase(pool(), ref('CommunicationRequest/9'), members);
    await world.toFhir();
    return world;
  };
  const reply = {
    event_id: '$x',
    content: { msgtype: 'm.text', body: 'x', 'm.relates_to': { 'm.in_reply_to': { event_id: M } } },
  };
  const threaded = {
    event_id: '$x',
    content: { msgtype: 'm.text', body: 'x', 'm.relates_to': { rel_type: 'm.thread', event_id: M } },
  };

  test.each<[string, object]>([
    ['an edit by the author', edit('$x', '1000 E', 1)],
    ['a redaction by the author', redaction('$x', M)],
    ['a redaction by one who may redact there', redaction('$x', M, { sender: '@head:example.org' })],
    ['a reaction', reaction('$x')],
  ])('%s', async (_, over) => {
    const world = await elsewhere();
    world.state.levels = { users: { '@head:example.org': 100 } };
    const there = { ...over, room_id: OTHER };
    expect(await world.toFhir(there)).toMatchObject({ result: 'held', next: [] });
    await world.toFhir(there, {}, [M]);
    expect(record(world)).toMatchObject({ ...says('Good morning'), meta: { versionId: '1' } });
  });

  test.each([
    ['a reply', reply],
    ['a message of a thread', threaded],
  ])('%s is marked, and does not tell of it', async (_, over) => {
    const world = await elsewhere();
    await world.toFhir({ ...over, room_id: OTHER }, {}, [M]);
    const there = record(world, recordOf('$x'));
    expect(there).toMatchObject({
      partOf: [{ reference: 'CommunicationRequest/9' }],
      meta: { tag: [{ code: 'target-missing' }] },
    });
    expect(there).not.toHaveProperty('inResponseTo');
  });
});

test('an answer to the first message of the conversation waits for nothing', async () => {
  const world = await createRelayWorld(pool());
  await pool().query(`update room set first_message_event_id = '$first'`);
  const relation = { 'm.in_reply_to': { event_id: '$first' } };
  const answer = { content: { msgtype: 'm.text', body: 'Better', 'm.relates_to': relation } };
  expect(await world.toFhir(answer)).toMatchObject({ result: 'done' });
  expect(record(world)?.meta).not.toHaveProperty('tag');
});

test('who is mentioned is a recipient only as a member of the conversation', async () => {
  const world = await createRelayWorld(pool());
  await world.relay.store.people.savePeople(
    pool(),
    ['8', '9'].map((id) => ({
      ...{ reference: ref(`Practitioner/${id}`), userId: userId(`@doctor${id}:example.org`) },
      ...{ kind: 'user', source: 'telecom' },
    })),
  );
  const published = { telecom: [at('@doctor8:example.org')] };
  world.fhir.stored.set(
    ref('Practitioner/8'),
    stored('Practitioner/8', '1', '2026-11-29T12:00:00Z', published),
  );
  await saveBase(pool(), REQUEST, new Map([[userId('@doctor8:example.org'), ref('Practitioner/8')]]));
  const mentions = { user_ids: ['@doctor8:example.org', '@doctor9:example.org', GHOST] };
  await world.toFhir({ content: { msgtype: 'm.text', body: 'Hi', 'm.mentions': mentions } });
  expect(record(world)).toMatchObject({ recipient: [{ reference: 'Practitioner/8' }] });
});

describe('the time of a record', () => {
  const authoredOn = '2025-09-26T09:00:00Z';
  const sentOf = async (origin_server_ts: number) => {
    const world = await createRelayWorld(pool());
    world.fhir.stored.set(REQUEST, { resourceType: 'CommunicationRequest', id: '245', authoredOn } as never);
    await world.toFhir({ origin_server_ts });
    const found = record(world);
    return found?.resourceType === 'Communication' ? found.sent : undefined;
  };
  test.each([
    ['is that of the event', '2025-09-26T09:30:15.250Z', '2025-09-26T09:30:15.250Z'],
    ['is not in the future', '2031-01-01T00:00:00.000Z', '2026-11-29T12:00:00.000Z'],
    [
      'is not in a year that no FHIR dateTime can say',
      '+010000-01-01T00:00:00.000Z',
      '2026-11-29T12:00:00.000Z',
    ],
    ['is not before the conversation', '1999-01-01T00:00:00.000Z', '2025-09-26T09:00:00.000Z'],
    ['is not before the Unix time', '1960-01-01T00:00:00.000Z', '2025-09-26T09:00:00.000Z'],
  ])('%s', async (_, at, expected) => {
    expect(await sentOf(Date.parse(at))).toBe(expected);
  });
});
