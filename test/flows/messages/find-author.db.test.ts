// Who sent an event: the conversation has the first word, then what is stored, then a directory; a claim has none.
import { expect, test } from 'vitest';
import * as people from '../../../src/store/people.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { userId } from '../../builders/matrix.ts';
import { at } from '../../builders/people.ts';
import { createRelayWorld, REQUEST } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const NOW = '2026-11-21T12:00:00Z';
const NURSE = userId('@nurse:example.org');
const STRANGER = userId('@stranger:other.example');

const recordOf = ({ fhir }: Awaited<ReturnType<typeof createRelayWorld>>) => [...fhir.stored.values()].at(-1);
const codesOf = (world: Awaited<ReturnType<typeof createRelayWorld>>) =>
  recordOf(world)?.meta.tag?.map(({ code }) => code);

test('a person is named as the conversation names them', async () => {
  const world = await createRelayWorld(pool());
  await roomMembers.saveBase(pool(), REQUEST, new Map([[NURSE, ref('PractitionerRole/70')]]));
  const role = { practitioner: { reference: 'Practitioner/7' } };
  world.fhir.stored.set(ref('PractitionerRole/70'), stored('PractitionerRole/70', '1', NOW, role));
  await world.toFhir();
  expect(recordOf(world)).toMatchObject({ sender: { reference: 'PractitionerRole/70' } });
  expect(codesOf(world)).toBeUndefined();
});

test('a known person who is not of the conversation is recorded and marked', async () => {
  const world = await createRelayWorld(pool());
  await roomMembers.saveBase(pool(), REQUEST, new Map());
  await world.toFhir();
  expect(recordOf(world)).toMatchObject({ sender: { reference: 'Practitioner/7' } });
  expect(codesOf(world)).toEqual(['not-a-member']);
});

test('a stranger’s own word for who they are is a mark on the record', async () => {
  const world = await createRelayWorld(pool());
  world.state.claims[STRANGER] = { fhirRef: 'Practitioner/7' };
  await world.toFhir({ sender: STRANGER });
  expect(recordOf(world)).toMatchObject({
    sender: { identifier: { value: 'matrix:u/stranger:other.example' } },
  });
  expect(codesOf(world)).toEqual(['other-organization', 'not-a-member', 'sender-claimed']);
});

test('where a directory knows them, its number stands in the record and no claim is read', async () => {
  const world = await createRelayWorld(pool());
  world.state.claims[STRANGER] = { fhirRef: 'Practitioner/7' };
  const identifier = { system: 'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers', value: '900012345' };
  Object.assign(world.relay, {
    personInDirectory: () => Promise.resolve({ identifier, name: 'Els de Wit', organization: undefined }),
  });
  await world.toFhir({ sender: STRANGER });
  expect(recordOf(world)).toMatchObject({ sender: { identifier, display: 'Els de Wit' } });
  expect(codesOf(world)).toEqual(['other-organization', 'not-a-member']);
});

test('under the policy hold a message waits until FHIR knows its sender, who is told', async () => {
  const world = await createRelayWorld(pool());
  Object.assign(world.relay.settings, { unknownSender: { as: 'hold' } });
  const held = await world.toFhir({ sender: STRANGER });
  expect(held.result).toBe('held');
  expect(held.next.map(({ payload }) => payload)).toMatchObject([{ reason: 'sender-held' }]);
  expect(world.fhir.writes).toEqual([]);
  const known = {
    reference: ref('Practitioner/9'),
    userId: STRANGER,
    kind: 'user',
    source: 'telecom',
  } as const;
  await people.savePeople(pool(), [known]);
  const published = stored('Practitioner/9', '1', NOW, { telecom: [at(STRANGER)] });
  world.fhir.stored.set(ref('Practitioner/9'), published);
  Object.assign(world.relay.settings, { trustedServers: new Set(['example.org', 'other.example']) });
  expect(await world.relay.store.waitingItems.findKnownSenders(pool())).toEqual([STRANGER]);
  await world.relay.store.waitingItems.takeWaiting(pool(), [STRANGER]);
  expect(await world.toFhir({ sender: STRANGER })).toMatchObject({ result: 'done' });
});

test('a message that was held too long becomes a dead letter, and what changes it waits no longer than that', async () => {
  const world = await createRelayWorld(pool());
  Object.assign(world.relay.settings, { unknownSender: { as: 'hold' }, holdForMs: 5_000 });
  await world.toFhir({ sender: STRANGER, event_id: '$held' });
  const content = {
    'm.relates_to': { rel_type: 'm.replace', event_id: '$held' },
    body: 'x',
    msgtype: 'm.text',
  };
  await world.toFhir({
    sender: STRANGER,
    event_id: '$edit',
    content: { ...content, 'm.new_content': content },
  });
  const { rows } = await pool().query<{ about: string; give_up_at: Date }>(
    'select about, give_up_at from waiting_item order by sequence',
  );
  const until = new Date(world.relay.clock.now().getTime() + 5_000);
  expect(rows).toEqual(['$held', '$edit'].map((about) => ({ about, give_up_at: until })));
  await expect(world.toFhir({ sender: STRANGER, event_id: '$held' }, {}, [STRANGER])).rejects.toMatchObject({
    code: 'sender-unknown',
  });
});
