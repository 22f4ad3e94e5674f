// Stickers, with literal examples of both sides.
import { describe, expect, test } from 'vitest';
import { created, fromFhir, fromMatrix } from '../../builders/messages.ts';

const TAG = { system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/message-kind', code: 'sticker' };

test('from Matrix: the description is recorded, and tagged', () => {
  const content = { body: 'Thumbs up', url: 'mxc://example.org/a', info: { mimetype: 'image/png' } };
  const read = fromMatrix({ type: 'm.sticker', content });
  expect(read).toMatchObject({ kind: 'sticker', notices: [] });
  expect(created(read?.writes)).toMatchObject({
    meta: { tag: [TAG] },
    payload: [{ contentString: '[Sticker] Thumbs up' }],
  });
});

describe('from Matrix: without a description it is a message whose content was lost', () => {
  test.each([undefined, null, 7, {}, '', ' \u200B'])('%j', (body) => {
    const read = fromMatrix({ type: 'm.sticker', content: { body, url: 'mxc://example.org/a' } });
    expect(read).toMatchObject({ kind: 'unsupported', notices: ['unsupported-content'] });
    expect(created(read?.writes).payload).toEqual([
      { contentString: '[A Matrix message of a kind that cannot be recorded here: m.sticker]' },
    ]);
  });
});

test('from FHIR: it is text', () => {
  const payload = [{ contentString: '[Sticker] Thumbs up' }];
  expect(fromFhir({ meta: { tag: [TAG] }, payload })).toMatchObject({
    kind: 'text',
    sends: [{ content: { msgtype: 'm.text', body: '[Sticker] Thumbs up' } }],
  });
});
