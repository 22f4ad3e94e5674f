// Text, with literal examples of both sides.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { created, fromFhir, fromMatrix, MESSAGE_OPTIONS } from '../../builders/messages.ts';

const HTML_ATTACHMENT = { ...MESSAGE_OPTIONS, formattedText: 'html-attachment' } as const;
const base64 = (text: string) => Buffer.from(text).toString('base64');
const formatted = (body: string, html: string) => ({
  ...{ msgtype: 'm.text', body, format: 'org.matrix.custom.html', formatted_body: html },
});

describe('from Matrix: the body is the message', () => {
  test.each(['Hello', 'two\nlines <b>not bold</b> & 🩺 ñ'])('%j', (body) => {
    const read = fromMatrix({ content: { msgtype: 'm.text', body } });
    expect(read).toMatchObject({ kind: 'text', notices: [] });
    expect(created(read?.writes).payload).toEqual([{ contentString: body }]);
    expect(created(read?.writes).meta).toBeUndefined();
  });
});

describe('from Matrix: formatted text', () => {
  test.each([
    ['says in plain text what was struck out', '10 mg 20 mg', '<del>10 mg</del> 20 mg', '~~10 mg~~ 20 mg'],
    ['keeps the words of what was emphasised', 'do **not** give', 'do <b>not</b> give', 'do not give'],
    [
      'names the address of a link',
      'here',
      '<a href="https://a.example/">here</a>',
      'here (https://a.example/)',
    ],
    ['is what people saw', 'Give 10 mg', '<b>Give 100 mg</b>', 'Give 100 mg'],
    ['holds no hidden characters', 'a', '<b>give \u202E01\u202C mg</b>', 'give 01 mg'],
  ])('%s', (_, body, html, plain) => {
    const read = fromMatrix({ content: formatted(body, html) });
    expect(read).toMatchObject({ kind: 'text', notices: [] });
    expect(created(read?.writes).payload).toEqual([{ contentString: plain }]);
  });

  test('is an attachment as well where the operator wants it, sanitised', () => {
    const html = '<b>a</b><script>alert(1)</script><a href="javascript:alert(1)" onclick="alert(1)">b</a>';
    const read = fromMatrix({ content: formatted('a', html) }, { options: HTML_ATTACHMENT });
    expect(created(read?.writes).payload).toEqual([
      { contentString: 'ab' },
      { contentAttachment: { contentType: 'text/html', data: base64('<b>a</b><a>b</a>') } },
    ]);
  });

  test('that has no formatting is text alone', () => {
    const read = fromMatrix({ content: formatted('a', '<p>a</p>') }, { options: HTML_ATTACHMENT });
    expect(created(read?.writes).payload).toEqual([{ contentString: 'a' }]);
  });
});

test('from Matrix: a reply is recorded without the quote of what it answers', () => {
  const content = {
    ...formatted(
      '> <@noor:example.org> Shall I?\n\nYes',
      '<mx-reply><blockquote>Shall I?</blockquote></mx-reply>Yes',
    ),
    'm.relates_to': { 'm.in_reply_to': { event_id: '$asked' } },
  };
  expect(created(fromMatrix({ content })?.writes).payload).toEqual([{ contentString: 'Yes' }]);
});

describe('from FHIR: the texts of the payload are the body', () => {
  const reference = { contentReference: { reference: 'Task/1' } };
  test.each([
    ['one', [{ contentString: 'Good morning' }], 'Good morning'],
    ['several texts, in order', [{ contentString: 'a' }, { contentString: 'b' }], 'a\nb'],
    ['empty texts left out', [{ contentString: '' }, { contentString: 'b' }], 'b'],
    [
      'with a reference, which is named as lost',
      [reference, { contentString: 'see' }],
      'see\n[1 attachment not shown here]',
    ],
  ])('%s', (_, payload, body) => {
    expect(fromFhir({ payload })).toEqual({
      kind: 'text',
      sends: [{ kind: 'send', type: 'm.room.message', content: { msgtype: 'm.text', body } }],
    });
  });

  const html = (source: string, contentType = 'text/html') => ({
    contentAttachment: { contentType, data: base64(source) },
  });
  test.each([
    ['HTML', [html('<b>a</b><script>b</script>')], 'a', '<b>a</b>'],
    ['Markdown', [html('**a** <b>', 'text/markdown')], 'a <b>', '<p><strong>a</strong> &lt;b&gt;</p>'],
    ['HTML after the same text', [{ contentString: '**a**' }, html('<b>**a**</b>')], '**a**', '<b>**a**</b>'],
    [
      'HTML after another text',
      [{ contentString: 'a <' }, html('<b>b</b>')],
      'a <\nb',
      'a &lt;<br /><b>b</b>',
    ],
    [
      'HTML and a reference',
      [html('<b>a</b>'), reference],
      ...(['a\n[1 attachment not shown here]', '<b>a</b><br />[1 attachment not shown here]'] as const),
    ],
  ])('with formatting: %s', (_, payload, body, formattedBody) => {
    expect(fromFhir({ payload })).toEqual({
      kind: 'text',
      sends: [{ kind: 'send', type: 'm.room.message', content: formatted(body, formattedBody) }],
    });
  });

  test('sent by the bot, formatted text begins with the name of its sender', () => {
    const [send] = fromFhir({ payload: [html('<b>a</b>')] }, { relayedFor: 'A & B' })?.sends ?? [];
    expect(send).toMatchObject({ content: formatted('A & B: a', 'A &amp; B: <b>a</b>') });
  });

  test.each([
    ['hidden characters', 'give \u202E01\u202C mg\0', 'give 01 mg'],
    ['half a surrogate pair', 'a\uD800', 'a\uFFFD'],
    ['Windows ends of lines', 'a\r\nb', 'a\nb'],
    ['HTML in a plain text', '<script>alert(1)</script>', '<script>alert(1)</script>'],
  ])('cleaned: %s', (_, contentString, body) => {
    expect(fromFhir({ payload: [{ contentString }] })?.sends).toMatchObject([
      { content: { msgtype: 'm.text', body } },
    ]);
  });

  test.each([
    ['nothing', []],
    ['an empty text', [{ contentString: '' }]],
    ['spaces', [{ contentString: ' \n\u200B' }]],
  ])('a Communication that holds %s is no message', (_, payload) => {
    expect(fromFhir({ payload })).toBeUndefined();
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

describe('a text that is too large for one event', () => {
  const bodiesOf = (contentString: string) =>
    (fromFhir({ payload: [{ contentString }] })?.sends ?? []).map((send) =>
      send.kind === 'send' ? String(send.content['body']) : '',
    );

  test('is sent as several, each with its number', () => {
    const [first, second, ...others] = bodiesOf(`${'a'.repeat(20_000)}\n\n${'b'.repeat(20_000)}`);
    expect(first).toBe(`${'a'.repeat(20_000)}\n(1/2)`);
    expect(second).toBe(`${'b'.repeat(20_000)}\n(2/2)`);
    expect(others).toEqual([]);
  });

  test('goes without its HTML where both do not fit', () => {
    const source = `<b>${'a'.repeat(20_000)}</b>`;
    const contentAttachment = { contentType: 'text/html', data: base64(source) };
    expect(fromFhir({ payload: [{ contentAttachment }] })?.sends).toEqual([
      { kind: 'send', type: 'm.room.message', content: { msgtype: 'm.text', body: 'a'.repeat(20_000) } },
    ]);
  });

  test('of megabytes is shown up to 40 events, and the last says that it goes on', () => {
    const bodies = bodiesOf('word '.repeat(400_000));
    expect(bodies).toHaveLength(40);
    expect(bodies.at(-1)).toBe(
      '[The text goes on, and is too long for this room. The care platform has all of it.]\n(40/40)',
    );
  });

  test('fits into an event even as an edit, which holds it twice', () => {
    for (const body of bodiesOf('"\\\n🩺 '.repeat(20_000)))
      expect(Buffer.byteLength(JSON.stringify({ body: `* ${body}`, new: { body } }))).toBeLessThan(56_000);
  });
});

describe('round trips lose nothing of the text', () => {
  const word = fc.constantFrom(
    '10',
    'mg',
    '<b>',
    '&amp;',
    '"',
    '🩺',
    'é',
    '#',
    '~~',
    '*',
    '[a](b)',
    '> q',
    '`',
  );
  const line = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '));
  const lines = fc.array(line, { minLength: 1, maxLength: 5 }).map((all) => all.join('\n'));

  test.each([
    ['plain', MESSAGE_OPTIONS],
    ['html-attachment', HTML_ATTACHMENT],
  ] as const)('from Matrix to FHIR and back, formattedText: %s', (_, options) => {
    const tag = fc.constantFrom('b', 'i', 'u', 'del', 'sup', 'p', 'li', 'blockquote', 'pre', 'code', 'td');
    fc.assert(
      fc.property(lines, fc.array(tag, { maxLength: 4 }), (body, tags) => {
        const escaped = body.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('\n', '<br>');
        const html = tags.reduce((inner, name) => `<${name}>${inner}</${name}>`, escaped);
        const record = created(fromMatrix({ content: formatted(body, html) }, { options })?.writes);
        const [send] = fromFhir({ payload: record.payload })?.sends ?? [];
        const content = send?.kind === 'send' ? send.content : {};
        expect(content['body']).toBe(record.payload?.[0]?.contentString);
        const again = created(fromMatrix({ content }, { options })?.writes);
        expect(again.payload).toEqual(record.payload);
      }),
    );
  });

  test('from FHIR to Matrix and back', () => {
    fc.assert(
      fc.property(fc.array(lines, { minLength: 1, maxLength: 3 }), (texts) => {
        const payload = texts.map((contentString) => ({ contentString }));
        const [send] = fromFhir({ payload })?.sends ?? [];
        const record = created(fromMatrix({ content: send?.kind === 'send' ? send.content : {} })?.writes);
        expect(record.payload).toEqual([{ contentString: texts.join('\n') }]);
      }),
    );
  });
});
