// No resource makes a room with more people than the operator allows, nor has them all read.
import { expect, test } from 'vitest';
import { bridgeOver, resolveWanted } from '../../builders/people.ts';
import { ref } from '../../builders/fhir.ts';

const wanted = (count: number) => ({
  people: Array.from({ length: count }, (_, id) => ({ reference: ref(`Patient/${id}`), roles: [] })),
  ...{ careTeams: [], organizations: [] },
});
const bridgeWith = (mostPerRoom: number) => {
  const { bridge, requests } = bridgeOver({});
  return { bridge: { ...bridge, settings: { ...bridge.settings, mostPerRoom } }, requests };
};

test('as many people as are allowed are members', async () => {
  const { members } = await resolveWanted(bridgeWith(3).bridge, wanted(3));
  expect(members).toHaveLength(3);
});

test('one more is an error that the operator reads, before anyone is read', async () => {
  const { bridge, requests } = bridgeWith(3);
  await expect(resolveWanted(bridge, wanted(4))).rejects.toThrow('room-too-large: 4 people, of at most 3');
  expect(requests).toEqual([]);
});
