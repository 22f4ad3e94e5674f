// Files, with literal examples of both sides.
import { describe, expect, test } from 'vitest';
import { created, fromFhir, fromMatrix, knowing, link, MESSAGE_OPTIONS } from '../../builders/messages.ts';
import { eventId } from '../../builders/matrix.ts';

const KIND_SYSTEM = 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/message-kind';
const LOST = {
  system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/record',
  code: 'content-lost',
  display: 'Content was lost on the way',
};
const OWN = 'https://github.com/fhir-matrix-bridge/fhir/StructureDefinition/attachment-';
const R5 = 'http://hl7.org/fhir/5.0/StructureDefinition/extension-Attachment.';
const URL = 'mxc://example.org/abc';
const payloadOf = (content: object) => created(fromMatrix({ content })?.writes).payload;

describe('from Matrix', () => {
  test('a picture with a caption is its text and its file', () => {
    const read = fromMatrix({
      content: {
        ...{ msgtype: 'm.image', body: 'The wound today', filename: 'wound.jpg', url: URL },
        info: { mimetype: 'image/jpeg', size: 31_037, w: 398, h: 394, thumbnail_url: 'mxc://x/small' },
      },
    });
    expect(read).toMatchObject({ kind: 'file', notices: [] });
    expect(created(read?.writes).payload).toEqual([
      { contentString: 'The wound today' },
      {
        contentAttachment: {
          extension: [
            { url: `${OWN}height`, valuePositiveInt: 394 },
            { url: `${OWN}width`, valuePositiveInt: 398 },
          ],
          ...{ contentType: 'image/jpeg', url: URL, title: 'wound.jpg' },
        },
      },
    ]);
  });

  test.each([
    ['a document', { msgtype: 'm.file', body: 'letter.pdf', url: URL }, [{ url: URL, title: 'letter.pdf' }]],
    [
      'a document whose name stands twice',
      { msgtype: 'm.file', body: 'letter.pdf', filename: 'letter.pdf', url: URL },
      [{ url: URL, title: 'letter.pdf' }],
    ],
    [
      'a film',
      { msgtype: 'm.video', body: 'gait.mp4', url: URL, info: { mimetype: 'video/mp4', duration: 2_500 } },
      [
        {
          extension: [{ url: `${OWN}duration`, valueDecimal: 2.5 }],
          ...{ contentType: 'video/mp4', url: URL, title: 'gait.mp4' },
        },
      ],
    ],
    [
      'a name with a path',
      { msgtype: 'm.file', body: '../../a\u202Efdp.exe', url: URL },
      [{ url: URL, title: 'afdp.exe' }],
    ],
    ['no name at all', { msgtype: 'm.file', url: URL }, [{ url: URL }]],
    [
      'an address that is none',
      { msgtype: 'm.image', body: 'a.png', url: 'https://evil/' },
      [{ url: 'mxc://', title: 'a.png' }],
    ],
    ['no address', { msgtype: 'm.image', body: 'a.png' }, [{ url: 'mxc://', title: 'a.png' }]],
    [
      'hostile metadata',
      {
        msgtype: 'm.image',
        body: 'a.png',
        url: URL,
        info: { mimetype: '<b>', w: -1, h: 'x', duration: 1e99 },
      },
      [{ url: URL, title: 'a.png' }],
    ],
  ])('%s', (_, content, attachments) => {
    expect(payloadOf(content)).toEqual(attachments.map((contentAttachment) => ({ contentAttachment })));
  });

  test('a voice message is marked, so that it comes back as one', () => {
    const content = {
      ...{ msgtype: 'm.audio', body: 'Voice message', url: URL, 'org.matrix.msc3245.voice': {} },
      info: { mimetype: 'audio/ogg', duration: 3_000 },
    };
    const record = created(fromMatrix({ content })?.writes);
    expect(record.meta?.tag).toEqual([{ system: KIND_SYSTEM, code: 'voice' }]);
    expect(record.payload?.[0]?.contentAttachment?.title).toBe('Voice message');
  });

  test('an encrypted file is lost, its caption is not, and the sender is told', () => {
    const read = fromMatrix({
      content: { msgtype: 'm.image', body: 'See', filename: 'a.png', file: { url: URL, key: {} } },
    });
    expect(read?.notices).toEqual(['encrypted-message']);
    expect(created(read?.writes).meta?.tag).toEqual([LOST]);
    expect(created(read?.writes).payload).toEqual([
      { contentString: 'See' },
      { contentString: '[A file is missing here, a.png: it is encrypted]' },
    ]);
  });

  test.each(['dm.filament.gallery', 'm.gallery'])(
    'a gallery (%s) is one record; the sixth file goes into a second',
    (msgtype) => {
      const item = (name: string) => ({ itemtype: 'm.image', body: name, url: `${URL}${name}` });
      const itemtypes = ['1', '2', '3', '4', '5', '6'].map(item);
      const writes = fromMatrix({ content: { msgtype, body: 'Six pictures', itemtypes } })?.writes ?? [];
      const payloads = writes.map((write) =>
        write.kind !== 'create'
          ? []
          : write.communication.payload?.map((each) => each.contentString ?? each.contentAttachment?.title),
      );
      expect(payloads).toEqual([['Six pictures', '1', '2', '3', '4', '5'], ['6']]);
      expect(new Set(writes.map((write) => write.kind === 'create' && write.communication.id)).size).toBe(2);
    },
  );

  test('so many files as the operator wants go into one record', () => {
    const itemtypes = ['1', '2'].map((body) => ({ itemtype: 'm.file', body, url: URL }));
    const options = { ...MESSAGE_OPTIONS, maxFiles: 1 };
    expect(fromMatrix({ content: { msgtype: 'm.gallery', itemtypes } }, { options })?.writes).toHaveLength(2);
  });

  test('of more files than anyone sends, and of items that are none, the last record tells the number', () => {
    const itemtypes = Array.from({ length: 52 }, (_, index) => (index === 7 ? 'x' : { body: 'a', url: URL }));
    const read = fromMatrix({ content: { msgtype: 'm.gallery', itemtypes } });
    expect(read?.notices).toEqual(['unsupported-content']);
    const last = read?.writes.at(-1);
    if (last?.kind !== 'create') throw new TypeError('Expected a record');
    expect(read?.writes).toHaveLength(10);
    expect(last.communication.meta?.tag).toEqual([LOST]);
    expect(last.communication.payload?.at(-1)).toEqual({ contentString: '[3 attachments not shown here]' });
  });

  test('a gallery without files says that something was lost', () => {
    for (const itemtypes of [[], undefined, 'x', [1, null]])
      expect(fromMatrix({ content: { msgtype: 'm.gallery', body: 'x', itemtypes } })?.kind).toBe(
        'unsupported',
      );
  });

  test('a new caption is a new version of the record', () => {
    const content = (body: string) => ({ msgtype: 'm.image', body, filename: 'a.png', url: URL });
    const target = eventId('$target');
    const read = fromMatrix(
      {
        content: {
          ...content('* New'),
          'm.new_content': content('New'),
          'm.relates_to': { rel_type: 'm.replace', event_id: target },
        },
      },
      {},
      knowing(link({ eventId: target, kind: 'file' })),
    );
    const [write] = read?.writes ?? [];
    if (write?.kind !== 'change') throw new TypeError('Expected a change');
    expect(write.apply({ resourceType: 'Communication', status: 'completed' })?.payload).toEqual([
      { contentString: 'New' },
      { contentAttachment: { url: URL, title: 'a.png' } },
    ]);
  });
});

describe('from FHIR', () => {
  const pdf = { contentType: 'application/pdf', url: 'Binary/1', title: 'letter.pdf', size: 7 };
  const file = (content: object, attachment: object) => ({
    ...{ kind: 'send', type: 'm.room.message', file: attachment },
    content: { msgtype: 'm.file', info: {}, ...content },
  });
  const text = (body: string) => ({
    kind: 'send',
    type: 'm.room.message',
    content: { msgtype: 'm.text', body },
  });
  const named = (name: string) => ({ body: name, filename: name });

  test.each<[string, object, readonly object[]]>([
    ['a file', { payload: [{ contentAttachment: pdf }] }, [file(named('letter.pdf'), pdf)]],
    [
      'the text first, then each file in order',
      {
        payload: [
          { contentAttachment: pdf },
          { contentString: 'See' },
          { contentAttachment: { ...pdf, title: 'b' } },
        ],
      },
      [text('See'), file(named('letter.pdf'), pdf), file(named('b'), { ...pdf, title: 'b' })],
    ],
    [
      'a picture with its size, from elements of R5',
      {
        payload: [
          {
            contentAttachment: {
              ...{ contentType: 'image/png', url: 'Binary/2' },
              extension: [
                { url: `${R5}width`, valuePositiveInt: 2 },
                { url: `${R5}height`, valuePositiveInt: 3 },
                { url: `${R5}duration`, valueDecimal: 1.5 },
              ],
            },
          },
        ],
      },
      [
        expect.objectContaining({
          content: { msgtype: 'm.file', ...named('attachment.png'), info: { w: 2, h: 3, duration: 1_500 } },
        }),
      ],
    ],
    [
      'a film with the extension of the bridge',
      {
        payload: [
          { contentAttachment: { ...pdf, extension: [{ url: `${OWN}duration`, valueDecimal: 0.25 }] } },
        ],
      },
      [
        expect.objectContaining({
          content: { msgtype: 'm.file', ...named('letter.pdf'), info: { duration: 250 } },
        }),
      ],
    ],
    [
      'a voice message',
      { meta: { tag: [{ system: KIND_SYSTEM, code: 'voice' }] }, payload: [{ contentAttachment: pdf }] },
      [file({ ...named('letter.pdf'), 'org.matrix.msc3245.voice': {} }, pdf)],
    ],
    [
      'a name with a path and marks of direction',
      { payload: [{ contentAttachment: { ...pdf, title: 'C:\\x\\\u202Efdp.exe' } }] },
      [file(named('fdp.exe'), { ...pdf, title: 'C:\\x\\\u202Efdp.exe' })],
    ],
    [
      'a reference to a Binary',
      { payload: [{ contentReference: { reference: 'Binary/1', display: 'letter.pdf' } }] },
      [file(named('letter.pdf'), { url: 'Binary/1', title: 'letter.pdf' })],
    ],
    [
      'a file and a reference, which is named as lost',
      { payload: [{ contentAttachment: pdf }, { contentReference: { reference: 'Task/1' } }] },
      [text('[1 attachment not shown here]'), file(named('letter.pdf'), pdf)],
    ],
  ])('%s', (_, over, sends) => {
    expect(fromFhir(over)).toEqual({ kind: 'file', sends });
  });

  test('sent by the bot, each begins with the name of the sender', () => {
    const sends = fromFhir(
      { payload: [{ contentAttachment: pdf }, { contentString: 'See' }] },
      { relayedFor: 'Els' },
    )?.sends;
    expect(sends).toEqual([text('Els: See'), file({ body: 'Els: letter.pdf', filename: 'letter.pdf' }, pdf)]);
  });

  test('of more files than anyone sends, the rest is counted', () => {
    const payload = Array.from({ length: 60 }, () => ({ contentAttachment: pdf }));
    const sends = fromFhir({ payload })?.sends ?? [];
    expect(sends).toHaveLength(51);
    expect(sends.at(-1)).toEqual(text('[10 attachments not shown here]'));
  });
});
