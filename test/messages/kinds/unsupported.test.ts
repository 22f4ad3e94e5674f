// What no kind carries, with literal examples of both sides.
import { describe, expect, test } from 'vitest';
import { TEXTS } from '../../../src/mapping/language/languages.ts';
import { created, fromFhir, fromMatrix, MESSAGE_OPTIONS } from '../../builders/messages.ts';

const LOST = {
  system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/record',
  code: 'content-lost',
  display: 'Content was lost on the way',
};

describe('from Matrix: a marked record says that something was lost, and what clients show in its place', () => {
  const mark = (term?: string) =>
    `[A Matrix message of a kind that cannot be recorded here${term === undefined ? '' : `: ${term}`}]`;
  test.each([
    [
      'an unknown type',
      { content: { msgtype: 'com.example.poem', body: 'Roses' } },
      `${mark('com.example.poem')}\nRoses`,
    ],
    [
      'a custom event with a text',
      { type: 'com.example.form', content: { body: 'Filled' } },
      `${mark('com.example.form')}\nFilled`,
    ],
    [
      'an extensible event',
      { type: 'com.example.a', content: { 'm.text': [{ body: 'Hi' }] } },
      `${mark('com.example.a')}\nHi`,
    ],
    [
      'an extensible event of older form',
      { type: 'com.example.a', content: { 'org.matrix.msc1767.text': 'Hi' } },
      `${mark('com.example.a')}\nHi`,
    ],
    ['a text without body', { content: { msgtype: 'm.text' } }, mark('m.text')],
    ['a body that is no string', { content: { msgtype: 'm.text', body: 7 } }, mark('m.text')],
    ['a body that is an object', { content: { msgtype: 'm.text', body: { a: 1 } } }, mark('m.text')],
    ['a message without type', { content: { body: 'Hi' } }, `${mark('m.room.message')}\nHi`],
    ['a type that is no string', { content: { msgtype: 7, body: 'Hi' } }, `${mark('m.room.message')}\nHi`],
    ['a hostile type', { content: { msgtype: '<script>alert(1)</script>' } }, mark()],
    ['a type that is too long', { content: { msgtype: 'm'.repeat(65) } }, mark()],
    ['a hostile type of event', { type: 'm.x\u202E', content: { body: 'Hi' } }, `${mark()}\nHi`],
    ['hidden characters', { content: { msgtype: 'a', body: 'give \u202E01' } }, `${mark('a')}\ngive 01`],
    ['a redacted message', { content: {} }, mark('m.room.message')],
  ])('%s', (_, over, contentString) => {
    const read = fromMatrix(over);
    expect(read).toMatchObject({ kind: 'unsupported', notices: ['unsupported-content'] });
    expect(created(read?.writes).payload).toEqual([{ contentString }]);
    expect(created(read?.writes).meta?.tag).toEqual([LOST]);
  });
});

describe('from Matrix: that an encrypted message is missing is recorded, and its sender is told why', () => {
  test.each([
    ['an encrypted message', { ciphertext: 'x' }],
    ['one that claims a text', { body: 'x' }],
  ])('%s', (_, content) => {
    const read = fromMatrix({ type: 'm.room.encrypted', content });
    expect(read).toMatchObject({ kind: 'unsupported', notices: ['encrypted-message'] });
    const { payload, meta } = created(read?.writes);
    expect(payload).toEqual([{ contentString: '[An encrypted message, which cannot be read here]' }]);
    expect(meta?.tag).toEqual([LOST]);
  });
});

describe('from Matrix: what people do not read is no message', () => {
  test.each([
    ['state', { type: 'm.room.pinned_events', state_key: '', content: { body: 'x' } }],
    ['state of a custom type', { type: 'com.example.a', state_key: '', content: { 'm.text': 'x' } }],
    ['a custom event without a text', { type: 'com.example.a', content: { value: 1 } }],
    ['a custom event whose text shows nothing', { type: 'com.example.a', content: { body: ' ' } }],
    ['a custom event whose text is none', { type: 'com.example.a', content: { body: 7, 'm.text': [7] } }],
    [
      'a request to verify a device',
      { content: { msgtype: 'm.key.verification.request', body: 'Noor wants' } },
    ],
    ['the verification of a device', { type: 'm.key.verification.start', content: { method: 'm.sas.v1' } }],
    [
      'a position that moves',
      { type: 'org.matrix.msc3672.beacon', content: { 'm.location': { uri: 'geo:1,2' } } },
    ],
  ])('%s', (_, over) => {
    expect(fromMatrix(over)).toBeUndefined();
  });
});

test('what is said in its place is in the operator’s language, on both sides', () => {
  const options = { ...MESSAGE_OPTIONS, texts: TEXTS.nl };
  const poem = { content: { msgtype: 'com.example.poem' } };
  expect(created(fromMatrix(poem, { options })?.writes).payload).toEqual([
    {
      contentString:
        '[Een Matrix-bericht van een soort die hier niet kan worden vastgelegd: com.example.poem]',
    },
  ]);
  const payload = [{ contentString: 'zie' }, { contentReference: { display: 'x' } }];
  expect(fromFhir({ payload }, { options })?.sends).toMatchObject([
    { content: { body: 'zie\n[1 bijlage wordt hier niet getoond]' } },
  ]);
});

describe('from FHIR: references alone are named as lost', () => {
  const reference = { contentReference: { reference: 'Task/1' } };
  test.each([
    ['one', [reference], '[1 attachment not shown here]'],
    ['two', [reference, reference], '[2 attachments not shown here]'],
  ])('%s', (_, payload, body) => {
    expect(fromFhir({ payload })).toEqual({
      kind: 'unsupported',
      sends: [{ kind: 'send', type: 'm.room.message', content: { msgtype: 'm.text', body } }],
    });
  });

  test('a Communication without content is of no kind', () => {
    expect(fromFhir({ payload: [] })).toBeUndefined();
    expect(fromFhir({ payload: [{ contentString: '' }] })).toBeUndefined();
  });
});
