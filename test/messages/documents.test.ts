// Files as DocumentReferences, by literal examples of both directions.
import { describe, expect, test } from 'vitest';
import { documentOf, filesOfDocument } from '../../src/messages/documents.ts';
import { NOTHING_KNOWN } from '../../src/messages/kind.ts';
import { readCommunication } from '../../src/messages/read.ts';
import { KINDS } from '../../src/messages/registry.ts';
import { communication, ref } from '../builders/fhir.ts';
import { envelope, MESSAGE_OPTIONS, ROOM } from '../builders/messages.ts';

const PDF = { contentType: 'application/pdf', url: 'Binary/1', title: 'letter.pdf', size: 7 };
const FROM = { url: 'mxc://example.org/abc', conversation: ref('CommunicationRequest/245') };
const RECORD = { id: 'm-1', subject: { reference: 'Patient/12' }, sender: { reference: 'Practitioner/7' } };

describe('the document of a file from Matrix', () => {
  test('names the patient, the author, the conversation, and holds the attachment', () => {
    const document = documentOf(PDF, { ...RECORD, sent: '2026-11-29T12:00:00Z' }, FROM);
    expect(document).toEqual({
      ...{ resourceType: 'DocumentReference', id: document.id, status: 'current' },
      identifier: [
        {
          use: 'official',
          system: 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/document',
          value: document.id,
        },
      ],
      subject: { reference: 'Patient/12' },
      date: '2026-11-29T12:00:00Z',
      author: [{ reference: 'Practitioner/7' }],
      content: [{ attachment: PDF }],
      context: { related: [{ reference: 'CommunicationRequest/245', type: 'CommunicationRequest' }] },
    });
    expect(document.id).toMatch(/^document-[0-9a-f]{43}$/);
  });

  test('is another in each record, so that one can be retracted without the other', () => {
    expect(documentOf(PDF, { id: 'm-2' }, FROM).id).not.toBe(documentOf(PDF, RECORD, FROM).id);
  });

  test('has no author who stands within the record', () => {
    expect(documentOf(PDF, { ...RECORD, sender: { reference: '#sender' } }, FROM)).not.toHaveProperty(
      'author',
    );
  });
});

describe('a reference to a document from FHIR', () => {
  const payload = [
    { contentReference: { reference: 'DocumentReference/1', display: 'The letter' } },
    { contentString: 'See' },
  ];
  const filesShown = (files: Parameters<typeof filesOfDocument>[0]['content'] | undefined) => {
    const document = { resourceType: 'DocumentReference', status: 'current', content: files ?? [] } as const;
    const input = { communication: communication({ payload }), envelope: envelope({ payload }) };
    const documents = new Map([
      [ref('DocumentReference/1'), filesOfDocument({ ...document, content: [...document.content] })],
    ]);
    const read = readCommunication({ kinds: KINDS, aspects: [] }, { ...input, documents }, [], NOTHING_KNOWN);
    const context = {
      relayedFor: undefined,
      isSameSender: true,
      options: MESSAGE_OPTIONS,
      accounts: new Map(),
    };
    return read?.toMatrix({ ...context, roomId: ROOM }).map((send) => send.kind === 'send' && send.file);
  };

  test('is the files of the document, after the text', () => {
    const picture = { url: 'Binary/2' };
    expect(filesShown([{ attachment: PDF }, { attachment: picture }])).toEqual([
      undefined,
      PDF,
      { url: 'Binary/2', title: 'The letter' },
    ]);
  });

  test('that is gone is a file without an address, which is refused with its name', () => {
    expect(filesShown(undefined)).toEqual([undefined, { title: 'The letter' }]);
  });

  test('that was entered in error shows nothing of it', () => {
    const content = [{ attachment: PDF }];
    expect(
      filesOfDocument({ resourceType: 'DocumentReference', status: 'entered-in-error', content }),
    ).toEqual([]);
  });
});
