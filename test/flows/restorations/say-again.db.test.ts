// What a homeserver has lost of a conversation is said again, as far as a platform said it. On real tables.
import { expect, test } from 'vitest';
import { sayAgain } from '../../../src/flows/restorations/say-again.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { createRelayWorld, REQUEST, ROOM } from '../../builders/relay-world.ts';
import { eventId, message } from '../../builders/matrix.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const LANE = `to-matrix:${REQUEST}`;

/** Two platforms’ messages, a user’s, and another platform’s; the homeserver has lost what was sent from `lostFrom` on. */
async function worldWithout(lostFrom: number) {
  const world = await createRelayWorld(pool());
  for (const id of ['1', '2']) {
    await world.fhir.put(id);
    await world.toMatrix(`Communication/${id}`);
  }
  await world.toFhir({ event_id: '$user' });
  if (lostFrom > 3) world.state.events = [message({ event_id: eventId('$user') })];
  await world.fhir.put('3');
  await world.toMatrix('Communication/3');
  world.sending.sent.splice(lostFrom - 1);
  world.sending.known.clear();
  const again = (isGone = false) =>
    sayAgain(world.relay, { reference: REQUEST, roomId: ROOM, isGone }, 'restored', never);
  return { ...world, again };
}

test('nothing is lost: nothing is said again', async () => {
  const { again } = await worldWithout(4);
  expect(await again()).toBe(0);
  expect(await itemsIn(pool(), LANE)).toEqual([]);
});

test('what is lost is said again in its order, and no user’s message in another’s name', async () => {
  const { again, toMatrix, sending } = await worldWithout(2);
  expect(await again()).toBe(2);
  expect(await itemsIn(pool(), LANE)).toEqual(['Communication/2 restored', 'Communication/3 restored']);
  for (const id of ['2', '3'])
    expect(await toMatrix(`Communication/${id}`)).toMatchObject({ result: 'done' });
  expect(sending.sent).toHaveLength(3);
});

test('said again is once', async () => {
  const { again } = await worldWithout(2);
  await again();
  await again();
  expect(await itemsIn(pool(), LANE)).toHaveLength(2);
});

test('of a room that is gone all is lost', async () => {
  const { again } = await worldWithout(4);
  expect(await again(true)).toBe(3);
});
