// A poll and its answers on real tables: in the words of the poll, in whichever order they come.
import { expect, test } from 'vitest';
import { useBridgeDatabase } from '../../builders/database.ts';
import { createRelayWorld } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const START = {
  event_id: '$poll',
  type: 'org.matrix.msc3381.poll.start',
  content: {
    'org.matrix.msc3381.poll.start': {
      question: { 'org.matrix.msc1767.text': 'Which day?' },
      answers: [
        { id: 'a', 'org.matrix.msc1767.text': 'Monday' },
        { id: 'b', 'org.matrix.msc1767.text': 'Tuesday' },
      ],
    },
  },
};
const relation = { 'm.relates_to': { rel_type: 'm.reference', event_id: '$poll' } };
const ANSWER = {
  event_id: '$answer',
  type: 'org.matrix.msc3381.poll.response',
  content: { ...relation, 'org.matrix.msc3381.poll.response': { answers: ['b'] } },
};
const END = { event_id: '$end', type: 'org.matrix.msc3381.poll.end', content: relation };

const textsOf = (world: Awaited<ReturnType<typeof createRelayWorld>>) =>
  [...world.fhir.stored.values()].map((record) =>
    record.resourceType === 'Communication' ? record.payload?.map(({ contentString }) => contentString) : [],
  );
const POLL = ['[Poll] Which day?', '1. Monday', '2. Tuesday'];

test('an answer is recorded in the words of the poll, and answers its record', async () => {
  const world = await createRelayWorld(pool());
  await world.toFhir(START);
  expect(await world.toFhir(ANSWER)).toMatchObject({ result: 'done' });
  expect(textsOf(world)).toEqual([POLL, ['[Answer to the poll] 2. Tuesday']]);
  const [poll, answer] = [...world.fhir.stored.values()];
  expect(answer).toMatchObject({ inResponseTo: [{ reference: `Communication/${poll?.id ?? ''}` }] });
});

test('an answer that comes before its poll waits for it', async () => {
  const world = await createRelayWorld(pool());
  expect(await world.toFhir(ANSWER)).toMatchObject({ result: 'held' });
  const { next } = await world.toFhir(START);
  expect(next).toMatchObject([{ source: 'waited', payload: { event: '$answer' } }]);
  await world.toFhir(ANSWER);
  expect(textsOf(world)).toEqual([POLL, ['[Answer to the poll] 2. Tuesday']]);
});

test('an answer whose poll does not come is recorded without its words', async () => {
  const world = await createRelayWorld(pool());
  expect(await world.toFhir(ANSWER, {}, ['$poll'])).toMatchObject({ result: 'done' });
  expect(textsOf(world)).toEqual([['[Answer to the poll] an answer that is not recorded']]);
});

test('an answer whose write was lost is written once, with the same words', async () => {
  const world = await createRelayWorld(pool());
  await world.toFhir(START);
  world.fhir.loseAnswer();
  await expect(world.toFhir(ANSWER)).rejects.toThrow('fhir-unavailable');
  expect(await world.toFhir(ANSWER, { number: 2 })).toMatchObject({ result: 'done' });
  expect(textsOf(world)).toEqual([POLL, ['[Answer to the poll] 2. Tuesday']]);
});

test('its end by who began it is recorded', async () => {
  const world = await createRelayWorld(pool());
  await world.toFhir(START);
  expect(await world.toFhir(END)).toMatchObject({ result: 'done' });
  expect(textsOf(world)).toEqual([POLL, ['[End of the poll]']]);
});
