// Notices, with literal examples of both sides.
import { describe, expect, test } from 'vitest';
import { created, fromFhir, fromMatrix } from '../../builders/messages.ts';

const TAG = {
  system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/message-kind',
  code: 'notice',
};

describe('from Matrix: the body is recorded, and tagged', () => {
  test.each(['A bot says so', 'two\nlines', '🩺'])('%j', (body) => {
    const read = fromMatrix({ content: { msgtype: 'm.notice', body } });
    expect(read).toMatchObject({ kind: 'notice', notices: [] });
    expect(created(read?.writes)).toMatchObject({
      meta: { tag: [TAG] },
      payload: [{ contentString: body }],
    });
  });

  test('without a text it is of no kind that carries it', () => {
    expect(fromMatrix({ content: { msgtype: 'm.notice', body: '' } })).toMatchObject({ kind: 'empty' });
  });
});

describe('from FHIR: what is tagged comes back as such', () => {
  const payload = [{ contentString: 'A bot says so' }];
  test.each([
    ['by its ghost', undefined, { msgtype: 'm.notice', body: 'A bot says so' }],
    [
      'by the bot, in the place of its sender',
      'J. de Vries',
      { msgtype: 'm.notice', body: 'J. de Vries: A bot says so' },
    ],
  ])('%s', (_, relayedFor, content) => {
    expect(fromFhir({ meta: { tag: [TAG] }, payload }, { relayedFor })).toEqual({
      kind: 'notice',
      sends: [{ kind: 'send', type: 'm.room.message', content }],
    });
  });

  test.each([
    ['no tag', {}],
    ['the tag of another system', { meta: { tag: [{ ...TAG, system: 'urn:other' }] } }],
  ])('with %s it is plain text', (_, over) => {
    expect(fromFhir({ ...over, payload })).toMatchObject({ kind: 'text' });
  });
});
