// The bridge's database went back to an earlier state, on real tables: nothing is said twice, and nothing written over.
import { beforeEach, describe, expect, test } from 'vitest';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import { findLinksOfCommunication } from '../../../src/store/message-links.ts';
import { edit, redaction } from '../../builders/changes.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { communication, ref } from '../../builders/fhir.ts';
import { eventId, message } from '../../builders/matrix.ts';
import { createRelayWorld, GHOST, ROOM } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const SAID = eventId('$said');
const RECORD = communicationIdOf(SAID);
const RECORD_REFERENCE = `Communication/${RECORD}`;
const text = (contentString: string) => ({ payload: [{ contentString }] });

type World = Awaited<ReturnType<typeof createRelayWorld>>;

/** The database as it was before anything was carried; the homeserver has forgotten its transaction ids. */
async function goBack({ sending, state }: World, { isNoticed = true } = {}): Promise<void> {
  await pool().query('delete from message_link');
  await pool().query('delete from resource_version');
  if (isNoticed)
    await pool().query(
      `insert into restoration (what, noticed_at) values ('database', '2026-11-29T12:00:02Z')`,
    );
  state.now = new Date('2026-11-29T12:20:00Z');
  sending.known.clear();
}

let world: World;
beforeEach(async () => {
  world = await createRelayWorld(pool());
});

/** A platform writes a version of the record of a user's message. */
async function changeRecord(contentString: string): Promise<void> {
  const record = world.fhir.stored.get(ref(RECORD_REFERENCE));
  await world.fhir.put(RECORD, { ...record, ...text(contentString) });
}

const recorded = () => world.fhir.stored.get(ref(RECORD_REFERENCE));
const bodies = () => world.sending.sent.map((sent) => 'content' in sent && sent.content['body']);

describe('a message from Matrix that was recorded since that state', () => {
  const say = () => world.toFhir({ event_id: SAID });

  test('is not recorded again over what a platform changed', async () => {
    await say();
    await changeRecord('by the platform');
    await world.toMatrix(RECORD_REFERENCE);
    await goBack(world);
    expect(await say()).toMatchObject({ result: 'done' });
    expect(recorded()).toMatchObject(text('by the platform'));
    await world.toMatrix(RECORD_REFERENCE);
    expect(bodies()).toEqual([expect.stringContaining('by the platform')]);
  });

  test('is linked anew: what follows changes it as before', async () => {
    await say();
    await goBack(world);
    await say();
    expect(await world.toMatrix(RECORD_REFERENCE)).toMatchObject({ result: 'unchanged' });
    await world.toFhir(edit('$edit', 'edited', 1, SAID));
    expect(recorded()).toMatchObject(text('edited'));
  });

  test('whose edit was recorded, too, is not edited again over what a platform changed', async () => {
    await say();
    await world.toFhir(edit('$edit', 'edited', 1, SAID));
    await changeRecord('by the platform');
    await goBack(world);
    await say();
    await world.toFhir(edit('$edit', 'edited', 1, SAID));
    expect(recorded()).toMatchObject(text('by the platform'));
  });

  test('whose edit was not recorded yet is edited now, also back to what it said at first', async () => {
    await say();
    await world.toFhir(edit('$edit', 'edited', 1, SAID));
    await goBack(world);
    await say();
    await world.toFhir(edit('$edit', 'edited', 1, SAID));
    await world.toFhir(edit('$back', 'Good morning', 2, SAID));
    expect(recorded()).toMatchObject(text('Good morning'));
  });

  test('whose edit is redacted says again what it said before', async () => {
    await goBack(world);
    await say();
    await world.toFhir(edit('$edit', 'edited', 1, SAID));
    await world.toFhir(redaction('$gone', '$edit'));
    expect(recorded()).toMatchObject(text('Good morning'));
  });

  test('and edited is no news for the room when its record is read', async () => {
    await say();
    await world.toFhir(edit('$edit', 'edited', 1, SAID));
    await goBack(world);
    await say();
    await world.toFhir(edit('$edit', 'edited', 1, SAID));
    expect(await world.toMatrix(RECORD_REFERENCE)).toMatchObject({ result: 'unchanged' });
    expect(world.sending.sent).toEqual([]);
  });

  test('and is read from the FHIR server first waits for its event', async () => {
    await say();
    world.state.events = [message({ event_id: SAID })];
    await goBack(world, { isNoticed: false });
    expect(await world.toMatrix(RECORD_REFERENCE)).toMatchObject({ result: 'held' });
    expect((await say()).next).toMatchObject([{ payload: { reference: RECORD_REFERENCE } }]);
    expect(await world.toMatrix(RECORD_REFERENCE)).toMatchObject({ result: 'unchanged' });
  });

  test('whose event does not come again counts as carried all the same', async () => {
    await say();
    world.state.events = [message({ event_id: SAID })];
    await goBack(world, { isNoticed: false });
    expect(await world.toMatrix(RECORD_REFERENCE, {}, [SAID])).toMatchObject({ result: 'unchanged' });
    expect(await findLinksOfCommunication(pool(), ref(RECORD_REFERENCE), undefined)).toMatchObject([
      { origin: 'matrix', cause: SAID, eventId: SAID, completed: true },
    ]);
    expect(world.sending.sent).toEqual([]);
  });
});

describe.each([
  ['noticed', true],
  ['not noticed', false],
])('a message from a platform that was sent since that state, which is %s', (_, isNoticed) => {
  const send = () => world.toMatrix('Communication/1');
  const links = () => findLinksOfCommunication(pool(), ref('Communication/1'), undefined);
  const change = async (contentString: string) => {
    const { identifier } = communication(world.fhir.stored.get(ref('Communication/1')));
    await world.fhir.put('1', { identifier, ...text(contentString) });
  };

  beforeEach(async () => {
    await world.fhir.put('1');
    await send();
  });

  test('is not said again, and is linked anew', async () => {
    await goBack(world, { isNoticed });
    expect(await send()).toMatchObject({ result: 'unchanged' });
    expect(bodies()).toEqual(['Good morning']);
    expect(await links()).toMatchObject([
      {
        origin: 'fhir',
        cause: 'Communication/1',
        part: 0,
        eventId: '$sent1',
        sender: GHOST,
        completed: true,
      },
    ]);
  });

  test('and changed, is not changed again; the next change is an edit of it', async () => {
    await change('changed');
    await send();
    await goBack(world, { isNoticed });
    expect(await send()).toMatchObject({ result: 'unchanged' });
    await change('changed again');
    await send();
    expect(bodies()).toEqual(['Good morning', '* changed', '* changed again']);
    expect(world.sending.sent.at(-1)).toMatchObject({
      content: { 'm.relates_to': { event_id: '$sent1', rel_type: 'm.replace' } },
    });
  });

  test('whose last change the room does not show yet is changed now', async () => {
    await change('changed');
    await goBack(world, { isNoticed });
    await send();
    expect(bodies()).toEqual(['Good morning', '* changed']);
  });

  test('in several parts, is not said again', async () => {
    const long = text(`${'a'.repeat(20_000)}\n\n${'b'.repeat(20_000)}`);
    await world.fhir.put('2', long);
    await world.toMatrix('Communication/2');
    expect(world.sending.sent).toHaveLength(3);
    await goBack(world, { isNoticed });
    expect(await world.toMatrix('Communication/2')).toMatchObject({ result: 'unchanged' });
    expect(world.sending.sent).toHaveLength(3);
    expect(await findLinksOfCommunication(pool(), ref('Communication/2'), undefined)).toHaveLength(2);
  });

  test('lets go what waits for it', async () => {
    await goBack(world, { isNoticed });
    const reply = {
      body: 'yes',
      msgtype: 'm.text',
      'm.relates_to': { 'm.in_reply_to': { event_id: '$sent1' } },
    };
    expect(await world.toFhir({ event_id: '$reply', content: reply })).toMatchObject({ result: 'held' });
    const waiting = 'select from item where source = $1';
    await send();
    expect((await pool().query(waiting, ['waited'])).rowCount).toBe(1);
  });
});

test('a message whose event id could not be written back is found in the room when the restoration was noticed', async () => {
  await world.fhir.put('1');
  world.fhir.loseAnswer();
  await world.toMatrix('Communication/1');
  const { identifier: _, ...before } = communication(world.fhir.stored.get(ref('Communication/1')));
  await world.fhir.put('1', before);
  await goBack(world);
  await world.toMatrix('Communication/1');
  expect(world.sending.sent).toHaveLength(1);
});

test('a Communication that bears the event id of another’s message is a message of its own', async () => {
  await world.fhir.put('1');
  await world.toMatrix('Communication/1');
  await goBack(world, { isNoticed: false });
  const identifier = [{ system: 'https://matrix.org/event-id', value: '$sent1' }];
  await world.fhir.put('2', { identifier, ...text('another') });
  await world.toMatrix('Communication/2');
  expect(bodies()).toEqual(['Good morning', 'another']);
  expect(world.sending.sent.at(-1)).toMatchObject({ roomId: ROOM });
});
