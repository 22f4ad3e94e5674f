// Mentions in both directions, by literal examples; and mentions that reach no one.
import { describe, expect, test } from 'vitest';
import { mention } from '../../../src/messages/aspects/mention.ts';
import { ref } from '../../builders/fhir.ts';
import { userId } from '../../builders/matrix.ts';
import { created, fromFhir, fromMatrix, MESSAGE_OPTIONS } from '../../builders/messages.ts';

const aspects = [mention];
const PERSON = { reference: 'Practitioner/8', type: 'Practitioner' };
const DOCTOR = '@doctor:example.org';
const people = new Map([[userId(DOCTOR), ref('Practitioner/8')]]);
const recipient = (mentions: unknown) => {
  const over = { content: { msgtype: 'm.text', body: 'Hi', 'm.mentions': mentions } };
  return created(fromMatrix(over, { people }, undefined, { aspects })?.writes).recipient;
};
const mentionsOf = (over: object, mentionRecipients = true) => {
  const accounts = new Map([[ref('Practitioner/8'), userId(DOCTOR)]]);
  const options = { ...MESSAGE_OPTIONS, mentionRecipients };
  const sends = fromFhir(over, { options, accounts }, [], undefined, { aspects })?.sends ?? [];
  return sends.map((send) => (send.kind === 'send' ? send.content['m.mentions'] : undefined));
};

describe('who is mentioned in the room is a recipient', () => {
  test.each<[string, unknown, unknown]>([
    ['a person of the conversation', { user_ids: [DOCTOR] }, [PERSON]],
    ['once', { user_ids: [DOCTOR, DOCTOR] }, [PERSON]],
    ['among others whom FHIR does not know', { user_ids: ['@eve:example.org', DOCTOR] }, [PERSON]],
    ['but not one whom FHIR does not know', { user_ids: ['@eve:example.org'] }, undefined],
    ['but not the whole room', { room: true }, undefined],
    ['but no one by a list in place of an object', [DOCTOR], undefined],
    ['but no one by a text in place of a list', { user_ids: DOCTOR }, undefined],
    ['but no one by an object in place of a user id', { user_ids: [{ id: DOCTOR }] }, undefined],
    [
      'but no one after the fiftieth',
      { user_ids: [...Array.from({ length: 50 }, (_, n) => `@u${n}:example.org`), DOCTOR] },
      undefined,
    ],
    ['but no one by an id of 64 KiB', { user_ids: [`@${'a'.repeat(65_536)}:example.org`] }, undefined],
    ['but no person by their reference', { user_ids: ['Practitioner/8'] }, undefined],
  ])('%s', (_, mentions, expected) => {
    expect(recipient(mentions)).toEqual(expected);
  });
});

describe('a message from a platform', () => {
  test('mentions no one by its text', () => {
    expect(mentionsOf({ payload: [{ contentString: `@room ${DOCTOR}` }] })).toEqual([{}]);
  });

  test('mentions its recipients where the operator wants it', () => {
    const over = { recipient: [{ reference: 'Practitioner/8' }, { reference: 'Patient/12' }] };
    expect(mentionsOf(over)).toEqual([{ user_ids: [DOCTOR] }]);
    expect(mentionsOf(over, false)).toEqual([{}]);
  });

  test.each<[string, unknown]>([
    ['a contained person', [{ reference: '#p1' }]],
    ['a user id in place of a reference', [{ reference: DOCTOR }]],
    ['a name alone', [{ display: 'Zuster Els' }]],
    [
      'one after the fiftieth',
      [...Array.from({ length: 50 }, () => ({ reference: 'Patient/1' })), { reference: 'Practitioner/8' }],
    ],
  ])('mentions no one by %s', (_, of) => {
    expect(mentionsOf({ recipient: of })).toEqual([{}]);
  });
});
