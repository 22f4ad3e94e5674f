// What waited goes before what came after it, on a real log: no message overtakes one of its conversation that waits.
import { describe, expect, test } from 'vitest';
import type { NewItem } from '../../../src/inbox/item.ts';
import { changeItemSchema } from '../../../src/flows/items/fhir-change.ts';
import { eventItemSchema } from '../../../src/flows/items/event.ts';
import { hasWaited, releaseOverdue, releaseWaiting } from '../../../src/flows/items/waiting.ts';
import { relayToFhir } from '../../../src/flows/messages/relay-to-fhir.ts';
import { relayToMatrix } from '../../../src/flows/messages/relay-to-matrix.ts';
import { ATTEMPT } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { eventId, message, roomId, userId } from '../../builders/matrix.ts';
import { at } from '../../builders/people.ts';
import { committed, createRelayWorld, REQUEST, ROOM } from '../../builders/relay-world.ts';
import { saveFollowed } from '../../../src/store/former-rooms.ts';
import * as people from '../../../src/store/people.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import { enqueue } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const TO_MATRIX = `to-matrix:${REQUEST}`;
const TO_FHIR = `to-fhir:${ROOM}`;

/** A world with one lane of the log, whose items are handled one after the other. */
async function createLane() {
  const world = await createRelayWorld(pool());
  const store = (items: readonly NewItem[]) => world.relay.transact((tx) => enqueue(tx, items));
  const nextOf = async (lane: string) => {
    const { rows } = await pool().query<{ source: string; payload: unknown; position: string }>(
      `select source, payload, position from item join lane on lane.id = lane_id
       where lane.key = $1 and position > head order by position limit 1`,
      [lane],
    );
    return rows[0];
  };
  const handle = async (lane: string, source: string, payload: unknown) => {
    const turn = hasWaited({ source });
    const event = eventItemSchema.safeParse(payload).data;
    const place = { lane, payload, receivedAt: new Date() };
    if (event !== undefined)
      return relayToFhir(
        world.relay,
        event.event,
        { ...place, gaveUpOn: event.gaveUpOn ?? [], hasWaited: turn },
        ATTEMPT,
      );
    return relayToMatrix(world.relay, { ...changeItemSchema.parse(payload), hasWaited: turn }, ATTEMPT);
  };
  return {
    ...world,
    store,
    /** Stores a new Communication, as its reader does. */
    comes: async (id: string) => {
      await world.fhir.put(id, { payload: [{ contentString: id }] });
      const payload = {
        ...{ kind: 'fhir.change', resourceType: 'Communication', versionId: '1' },
        reference: ref(`Communication/${id}`),
      };
      await store([{ lane: TO_MATRIX, source: 'fhir.change', sourceId: `${id}/1`, payload }]);
    },
    /** Stores a new event, as the reader of `/sync` does. */
    says: async (id: string, sender: string) => {
      const event = message({ event_id: eventId(id), sender: userId(sender) });
      const payload = { kind: 'matrix.event', event };
      await store([{ lane: TO_FHIR, source: 'matrix.event', sourceId: id, payload }]);
    },
    /** Handles the next item of a lane. @returns false when there is none */
    step: async (lane: string): Promise<boolean> => {
      const item = await nextOf(lane);
      if (item === undefined) return false;
      const { next } = await committed(pool(), await handle(lane, item.source, item.payload));
      await store(next);
      await pool().query('update lane set head = $2 where key = $1', [lane, item.position]);
      return true;
    },
    /** The event ids of the records, in their order. */
    recorded: () =>
      [...world.fhir.stored.values()].flatMap((record) =>
        record.resourceType === 'Communication' ? [record.identifier?.[0]?.value] : [],
      ),
    said: () => world.sending.sent.map((sent) => 'content' in sent && sent.content['body']),
  };
}

type Lane = Awaited<ReturnType<typeof createLane>>;

async function handleAll({ step }: Lane, lane: string): Promise<void> {
  while (await step(lane));
}

describe('Communications that came before their conversation was open', () => {
  const closed = async () => {
    const lane = await createLane();
    await pool().query('update room set ready_at = null');
    const { conversation } = lane.state;
    lane.state.conversation = undefined;
    const open = () => {
      lane.state.conversation = conversation;
    };
    return { lane, open };
  };

  test('are said before one that opens it itself, and before those that came after that one', async () => {
    const { lane, open } = await closed();
    for (const id of ['a2', 'a1']) await lane.comes(id);
    await handleAll(lane, TO_MATRIX);
    for (const id of ['b2', 'b1']) await lane.comes(id);
    open();
    await handleAll(lane, TO_MATRIX);
    expect(lane.said()).toEqual(['a2', 'a1', 'b2', 'b1']);
  });

  test('are said before those that stand in the lane when it is opened by something else', async () => {
    const { lane, open } = await closed();
    for (const id of ['a2', 'a1']) await lane.comes(id);
    await handleAll(lane, TO_MATRIX);
    for (const id of ['b2', 'b1']) await lane.comes(id);
    open();
    const released = await lane.relay.transact((tx) =>
      releaseWaiting(lane.relay.store, tx, [REQUEST], 'resync'),
    );
    await lane.store(released);
    await lane.comes('c');
    await handleAll(lane, TO_MATRIX);
    expect(lane.said()).toEqual(['a2', 'a1', 'b2', 'b1', 'c']);
  });

  test('keep their order although the ledger of versions was pruned meanwhile', async () => {
    const { lane, open } = await closed();
    for (const id of ['a2', 'a1', 'a3']) await lane.comes(id);
    await handleAll(lane, TO_MATRIX);
    await pool().query('delete from resource_version');
    open();
    await lane.comes('b');
    await handleAll(lane, TO_MATRIX);
    expect(lane.said()).toEqual(['a2', 'a1', 'a3', 'b']);
  });

  test('are said in their order when one of them answers another', async () => {
    const { lane, open } = await closed();
    await lane.comes('a1');
    await lane.fhir.put('answer', {
      payload: [{ contentString: 'answer' }],
      inResponseTo: [{ reference: 'Communication/a1' }],
    });
    const payload = {
      ...{ kind: 'fhir.change', resourceType: 'Communication', versionId: '1' },
      reference: ref('Communication/answer'),
    };
    await lane.store([{ lane: TO_MATRIX, source: 'fhir.change', sourceId: 'answer/1', payload }]);
    await lane.comes('a2');
    await handleAll(lane, TO_MATRIX);
    open();
    await lane.comes('b');
    await handleAll(lane, TO_MATRIX);
    expect(lane.said()).toEqual(['a1', expect.stringContaining('answer'), 'a2', 'b']);
  });
});

test('messages that were held until their sender is known are recorded before the sender’s next', async () => {
  const lane = await createLane();
  Object.assign(lane.relay, { settings: { ...lane.relay.settings, unknownSender: { as: 'hold' } } });
  const stranger = '@stranger:example.org';
  for (const id of ['$a2', '$a1']) await lane.says(id, stranger);
  await handleAll(lane, TO_FHIR);
  expect(lane.fhir.writes).toEqual([]);
  await lane.says('$b', stranger);
  const person = { reference: ref('Practitioner/8'), userId: userId(stranger) };
  await people.savePeople(pool(), [{ ...person, kind: 'user', source: 'telecom' }]);
  const published = { telecom: [at(stranger)] };
  lane.fhir.stored.set(person.reference, stored(person.reference, '1', '2026-11-29T12:00:00Z', published));
  await handleAll(lane, TO_FHIR);
  expect(lane.recorded()).toEqual(['$a2', '$a1', '$b']);
});

describe('what is said in a room before the bridge follows into it', () => {
  const foreseen = async () => {
    const lane = await createLane();
    await pool().query(`update room set room_id = '!before'`);
    await pool().query(`insert into former_room values ('!before', $1, $2)`, [REQUEST, ROOM]);
    return {
      lane,
      follow: async () => {
        await saveFollowed(pool(), { roomId: roomId('!before'), reference: REQUEST, replacement: ROOM });
        const members = [[userId('@nurse:example.org'), ref('Practitioner/7')]] as const;
        await roomMembers.saveBase(pool(), REQUEST, new Map(members));
      },
    };
  };
  const NURSE = '@nurse:example.org';

  test('waits, and is recorded before what was said after, though that stands in the lane before it', async () => {
    const { lane, follow } = await foreseen();
    for (const id of ['$a2', '$a1']) await lane.says(id, NURSE);
    await handleAll(lane, TO_FHIR);
    await lane.says('$b', NURSE);
    await follow();
    const { store } = lane.relay;
    await lane.store(await lane.relay.transact((tx) => releaseWaiting(store, tx, [ROOM], 'in place')));
    await lane.says('$c', NURSE);
    await handleAll(lane, TO_FHIR);
    expect(lane.recorded()).toEqual(['$a2', '$a1', '$b', '$c']);
  });

  test('goes on before the next also where nothing has let it go', async () => {
    const { lane, follow } = await foreseen();
    await lane.says('$a', NURSE);
    await handleAll(lane, TO_FHIR);
    await follow();
    await lane.says('$b', NURSE);
    await handleAll(lane, TO_FHIR);
    expect(lane.recorded()).toEqual(['$a', '$b']);
  });

  test('is not recorded where the bridge does not follow for too long', async () => {
    const { lane } = await foreseen();
    await lane.says('$a', NURSE);
    await handleAll(lane, TO_FHIR);
    const never = new Date('9999-01-01T00:00:00Z');
    await lane.store(await lane.relay.transact((tx) => releaseOverdue(lane.relay.store, tx, never)));
    await handleAll(lane, TO_FHIR);
    expect(lane.recorded()).toEqual([]);
    expect((await pool().query('select from waiting_item')).rowCount).toBe(0);
  });
});
