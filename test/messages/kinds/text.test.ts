// Text, with literal examples of both sides.
import { describe, expect, test } from 'vitest';
import { created, fromFhir, fromMatrix } from '../../builders/messages.ts';

describe('from Matrix: the body is the message', () => {
  test.each(['Hello', 'two\nlines <b>not bold</b> & 🩺 ñ'])('%j', (body) => {
    const read = fromMatrix({ content: { msgtype: 'm.text', body } });
    expect(read).toMatchObject({ kind: 'text', notices: [] });
    expect(created(read?.writes).payload).toEqual([{ contentString: body }]);
    expect(created(read?.writes).meta).toBeUndefined();
  });
});

describe('from FHIR: the texts of the payload are the body', () => {
  const attachment = { contentAttachment: { title: 'scan.pdf' } };
  test.each([
    ['one', [{ contentString: 'Good morning' }], 'Good morning'],
    ['several texts, in order', [{ contentString: 'a' }, { contentString: 'b' }], 'a\nb'],
    ['empty texts left out', [{ contentString: '' }, { contentString: 'b' }], 'b'],
    [
      'with an attachment, which is named as lost',
      [attachment, { contentString: 'see' }],
      'see\n[1 attachment not shown here]',
    ],
    [
      'with an attachment and a reference',
      [attachment, { contentString: 'see' }, { contentReference: { reference: 'Binary/1' } }],
      'see\n[2 attachments not shown here]',
    ],
  ])('%s', (_, payload, body) => {
    expect(fromFhir({ payload })).toEqual({
      kind: 'text',
      sends: [{ kind: 'send', type: 'm.room.message', content: { msgtype: 'm.text', body } }],
    });
  });

  test('sent by the bot, it begins with the name of its sender', () => {
    expect(fromFhir({}, { relayedFor: 'J. de Vries' })?.sends).toEqual([
      {
        kind: 'send',
        type: 'm.room.message',
        content: { msgtype: 'm.text', body: 'J. de Vries: Good morning' },
      },
    ]);
  });
});
