// Changes of messages in the room, on real tables: in whatever order they come, the record ends as in order.
import { describe, expect, test } from 'vitest';
import { releaseOverdue } from '../../../src/flows/items/waiting.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { KINDS } from '../../../src/messages/registry.ts';
import { wasWritten } from '../../../src/store/resource-versions.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { edit, reaction, redaction } from '../../builders/changes.ts';
import { eventId, message } from '../../builders/matrix.ts';
import { at } from '../../builders/people.ts';
import { createRelayWorld, ROOM } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const M = message().event_id;
const RECORD = ref(`Communication/${communicationIdOf(M)}`);
const recordOf = (id: string) => ref(`Communication/${communicationIdOf(eventId(id))}`);
type World = Awaited<ReturnType<typeof createRelayWorld>>;

const ABSENT = [{ _contentString: { extension: [{ valueCode: 'masked' }] } }];
const says = (text: string) => ({ status: 'completed', payload: [{ contentString: text }] });
const record = ({ fhir }: World, reference = RECORD) => fhir.stored.get(reference);

describe('an edit', () => {
  test('makes a new version of the same Communication, and no second one', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    expect((await world.toFhir(edit('$e', '10 E', 1))).facts).toMatchObject([
      { kind: 'changed', on: { reference: RECORD, versionId: '2' }, eventId: '$e' },
    ]);
    expect([...world.fhir.stored.keys()]).toEqual([RECORD]);
    expect(record(world)).toMatchObject({ ...says('10 E'), identifier: [{ value: M }] });
  });

  test('before its message waits, and is applied', async () => {
    const world = await createRelayWorld(pool());
    expect(await world.toFhir(edit('$e', '10 E', 1))).toMatchObject({ result: 'held' });
    const { next } = await world.toFhir();
    expect(next).toMatchObject([{ source: 'waited', payload: { event: '$e' } }]);
    await world.toFhir(edit('$e', '10 E', 1));
    expect(record(world)).toMatchObject(says('10 E'));
  });

  test('whose message does not come is a marked record of its own, after the time to wait', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir(edit('$e', '10 E', 1));
    const release = (at: string) =>
      inTransaction(pool(), (tx) => releaseOverdue(world.relay.store, tx, new Date(at)));
    expect(await release('2026-11-29T12:00:59Z')).toEqual([]);
    expect(await release('2026-11-29T12:01:00Z')).toMatchObject([
      { lane: `to-fhir:${ROOM}`, payload: { event: '$e', gaveUpOn: [M] } },
    ]);
    expect(await world.toFhir(edit('$e', '10 E', 1), {}, [M])).toMatchObject({ result: 'done' });
    expect(record(world, recordOf('$e'))).toMatchObject({
      ...{ ...says('10 E'), meta: { tag: [{ code: 'target-missing' }] } },
    });
  });

  test('twice is made once', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    await world.toFhir(edit('$e', '10 E', 1));
    expect(await world.toFhir(edit('$e', '10 E', 1))).toMatchObject({ result: 'known' });
    expect(record(world)?.meta.versionId).toBe('2');
  });

  test('that is older than one that was carried changes nothing', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    await world.toFhir(edit('$later', '10 E', 2));
    expect(await world.toFhir(edit('$earlier', '100 E', 1))).toMatchObject({ result: 'superseded' });
    expect(record(world)).toMatchObject(says('10 E'));
  });

  test('by another than the author is refused, and that is told', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    const forged = { ...edit('$e', '1000 E', 1), sender: '@eve:example.org' };
    expect(await world.toFhir(forged)).toMatchObject({
      result: 'not-the-author',
      facts: [{ kind: 'refused', reason: 'not-the-author', by: { userId: '@eve:example.org' } }],
    });
    expect(record(world)).toMatchObject(says('Good morning'));
  });

  test('whose answer was lost is made once, and told', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    world.fhir.loseAnswer();
    await expect(world.toFhir(edit('$e', '10 E', 1))).rejects.toThrow('fhir-unavailable');
    const { facts } = await world.toFhir(edit('$e', '10 E', 1), { number: 2 });
    expect(facts).toMatchObject([{ kind: 'changed', on: { versionId: '2' } }]);
    expect(record(world)?.meta.versionId).toBe('2');
  });

  test('that writes nothing leaves a platform’s version to be carried', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    await world.fhir.put(communicationIdOf(M), { status: 'entered-in-error' });
    expect((await world.toFhir(edit('$e', '10 E', 1))).facts).toEqual([]);
    expect(await wasWritten(pool(), RECORD, '2')).toBe(false);
    expect((await world.toMatrix(RECORD)).result).toBe('done');
    expect(world.sending.sent).toMatchObject([{ eventId: M }, { eventId: '$e' }]);
  });
});

describe('with `retract-and-correct`', () => {
  const correcting = () => createRelayWorld(pool(), KINDS, { messages: { edits: 'retract-and-correct' } });

  test('an edit leaves the record in error, and a new one that answers it', async () => {
    const world = await correcting();
    await world.toFhir();
    await world.toFhir(edit('$e', '10 E', 1));
    expect(record(world)).toMatchObject({ status: 'entered-in-error', payload: ABSENT });
    expect(record(world, recordOf('$e'))).toMatchObject({
      ...{ ...says('10 E'), inResponseTo: [{ reference: RECORD }] },
    });
  });

  test('a second edit corrects the correction, and the redaction of the message ends all of them', async () => {
    const world = await correcting();
    await world.toFhir();
    await world.toFhir(edit('$e1', '100 E', 1));
    await world.toFhir(edit('$e2', '10 E', 2));
    const statuses = () => [...world.fhir.stored.values()].map((each) => 'status' in each && each.status);
    expect(statuses()).toEqual(['entered-in-error', 'entered-in-error', 'completed']);
    expect(record(world, recordOf('$e2'))).toMatchObject({ inResponseTo: [{ reference: recordOf('$e1') }] });
    await world.toFhir(redaction('$r', M));
    expect(statuses()).toEqual(['entered-in-error', 'entered-in-error', 'entered-in-error']);
  });

  test('its redaction brings the first record back', async () => {
    const world = await correcting();
    await world.toFhir();
    await world.toFhir(edit('$e', '10 E', 1));
    await world.toFhir(redaction('$r', '$e'));
    expect([...world.fhir.stored.values()]).toMatchObject([
      says('Good morning'),
      { status: 'entered-in-error', payload: ABSENT },
    ]);
  });
});

describe('the redaction of a message', () => {
  test('leaves a record in error without its text', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    expect((await world.toFhir(redaction('$r', M))).facts).toMatchObject([{ kind: 'retracted' }]);
    expect(record(world)).toMatchObject({ status: 'entered-in-error', payload: ABSENT });
  });

  test('before its message waits, and is applied', async () => {
    const world = await createRelayWorld(pool());
    expect(await world.toFhir(redaction('$r', M))).toMatchObject({ result: 'held' });
    expect((await world.toFhir()).next).toMatchObject([{ payload: { event: '$r' } }]);
    await world.toFhir(redaction('$r', M));
    expect(record(world)).toMatchObject({ status: 'entered-in-error', payload: ABSENT });
  });

  test.each([
    ['its sender', {}, ABSENT],
    ['a member who may', { sender: '@head:example.org' }, ABSENT],
    ['one who may not', { sender: '@eve:example.org' }, [{ contentString: 'Good morning' }]],
  ])('of a message that comes long after it is not forgotten: by %s', async (_, over, payload) => {
    const world = await createRelayWorld(pool());
    world.state.levels = { users: { '@head:example.org': 50 } };
    const { result } = await world.toFhir(redaction('$r', M, over), {}, [M]);
    expect(result).toBe('target-missing');
    await world.toFhir();
    expect(record(world)).toMatchObject({ payload });
    await world.toFhir(edit('$e', '10 E', 1));
    if (payload === ABSENT) expect(record(world)).toMatchObject({ payload });
  });

  test.each([
    ['a redaction', redaction('$r', M)],
    ['an edit', edit('$e', '10 E', 1)],
  ])('or any change of a message that is held waits as long: %s', async (_, change) => {
    const world = await createRelayWorld(pool());
    const stranger = { sender: '@eve:example.org' };
    Object.assign(world.relay, {
      settings: { ...world.relay.settings, unknownSender: { as: 'hold' } },
    });
    expect(await world.toFhir(stranger)).toMatchObject({ result: 'held' });
    expect(await world.toFhir({ ...change, ...stranger })).toMatchObject({ result: 'held' });
    const later = new Date('2026-12-20T00:00:00Z');
    expect(await inTransaction(pool(), (tx) => releaseOverdue(world.relay.store, tx, later))).toEqual([]);
    await pool().query(`insert into person (reference, user_id, kind, source)
      values ('Practitioner/9', '@eve:example.org', 'user', 'telecom')`);
    const eve = { telecom: [at('@eve:example.org')] };
    world.fhir.stored.set(ref('Practitioner/9'), stored('Practitioner/9', '1', '2026-11-29T12:00:00Z', eve));
    expect((await world.toFhir(stranger)).next).toMatchObject([{ source: 'waited' }]);
  });

  test('twice is made once', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    await world.toFhir(redaction('$r', M));
    await world.toFhir(redaction('$r', M));
    await world.toFhir(redaction('$r2', M));
    expect(record(world)?.meta.versionId).toBe('2');
  });

  test('stays, whatever edit comes after it', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    await world.toFhir(redaction('$r', M));
    expect(await world.toFhir(edit('$e', '10 E', 1))).toMatchObject({ result: 'superseded' });
    expect(record(world)).toMatchObject({ status: 'entered-in-error', payload: ABSENT });
  });

  test('that was read only after it leaves the same record, and tells no one of lost content', async () => {
    const world = await createRelayWorld(pool());
    const unsigned = { redacted_because: { event_id: '$r' } };
    expect((await world.toFhir({ content: {}, unsigned })).next).toEqual([]);
    await world.toFhir(redaction('$r', M));
    const { meta: _, ...emptied } = record(world) ?? {};
    const inOrder = await createRelayWorldAgain();
    await inOrder.toFhir();
    await inOrder.toFhir(redaction('$r', M));
    const { meta: __, ...retracted } = record(inOrder) ?? {};
    expect(emptied).toEqual(retracted);
  });

  test.each([
    ['may', { users: { '@head:example.org': 50 } }, 'done'],
    ['may not', { users: { '@head:example.org': 49 } }, 'not-the-author'],
    [
      'may not, as the room asks for more',
      { users: { '@head:example.org': 50 }, redact: 75 },
      'not-the-author',
    ],
  ])('by a member who %s', async (_, levels, result) => {
    const world = await createRelayWorld(pool());
    world.state.levels = levels;
    await world.toFhir();
    expect(await world.toFhir(redaction('$r', M, { sender: '@head:example.org' }))).toMatchObject({ result });
  });
});

async function createRelayWorldAgain() {
  await pool().query('truncate message_link, room, person cascade');
  return createRelayWorld(pool());
}

describe('the redaction of an edit', () => {
  test('lets the record say again what it said, from its history', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    await world.toFhir(edit('$e', '10 E', 1));
    expect((await world.toFhir(redaction('$r', '$e'))).facts).toMatchObject([{ kind: 'changed' }]);
    expect(record(world)).toMatchObject(says('Good morning'));
    expect(await world.toMatrix(RECORD)).toMatchObject({ result: 'unchanged' });
  });

  test('goes back past an edit that was redacted before', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    await world.toFhir(edit('$e1', '100 E', 1));
    await world.toFhir(edit('$e2', '10 E', 2));
    await world.toFhir(redaction('$r1', '$e1'));
    expect(record(world)).toMatchObject(says('10 E'));
    await world.toFhir(redaction('$r2', '$e2'));
    expect(record(world)).toMatchObject(says('Good morning'));
  });

  test('does not end the edits: the next one is applied', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    await world.toFhir(edit('$e1', '100 E', 1));
    await world.toFhir(redaction('$r1', '$e1'));
    await world.toFhir(edit('$e2', '10 E', 2));
    expect(record(world)).toMatchObject(says('10 E'));
  });

  test('brings back that it was an emote', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir({ content: { msgtype: 'm.emote', body: 'waves' } });
    await world.toFhir(edit('$e', 'waved', 1));
    expect(record(world)?.meta).not.toHaveProperty('tag');
    await world.toFhir(redaction('$r', '$e'));
    expect(record(world)).toMatchObject({ ...says('waves'), meta: { tag: [{ code: 'emote' }] } });
  });

  test('is a dead letter where the server keeps no such version, and never silence', async () => {
    const world = await createRelayWorld(pool());
    await world.toFhir();
    await world.toFhir(edit('$e', '10 E', 1));
    world.relay.fhir.history = () => Promise.resolve([]);
    await expect(world.toFhir(redaction('$r', '$e'))).rejects.toThrow('version-missing');
  });
});

describe('a reaction', () => {
  const noting = () => createRelayWorld(pool(), KINDS, { messages: { reactions: 'note' } });

  test('is a note on the record, until it is taken back', async () => {
    const world = await noting();
    await world.toFhir();
    await world.toFhir(reaction('$like'));
    expect(record(world)).toMatchObject({
      note: [{ text: '👍', authorReference: { reference: 'Practitioner/7' } }],
    });
    await world.toFhir(redaction('$r', '$like'));
    expect(record(world)).not.toHaveProperty('note');
    expect(record(world)).toMatchObject(says('Good morning'));
  });

  test('before its message, and its taking back before both, end the same', async () => {
    const world = await noting();
    expect(await world.toFhir(redaction('$r', '$like'))).toMatchObject({ result: 'held' });
    expect(await world.toFhir(reaction('$like'))).toMatchObject({ result: 'held' });
    expect((await world.toFhir()).next).toMatchObject([{ payload: { event: '$like' } }]);
    expect((await world.toFhir(reaction('$like'))).next).toMatchObject([{ payload: { event: '$r' } }]);
    await world.toFhir(redaction('$r', '$like'));
    expect(record(world)).not.toHaveProperty('note');
  });

  test('leaves the message as it is for its edits and its redaction', async () => {
    const world = await noting();
    await world.toFhir();
    await world.toFhir(reaction('$like'));
    await world.toFhir(edit('$e', '10 E', 1));
    expect(record(world)).toMatchObject({ ...says('10 E'), note: [{ text: '👍' }] });
    await world.toFhir(redaction('$r', M));
    expect(record(world)).toMatchObject({ status: 'entered-in-error' });
  });
});
