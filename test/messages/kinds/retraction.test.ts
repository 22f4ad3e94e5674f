// Retractions in both directions, by literal examples; and redactions that no one may make.
import { describe, expect, test } from 'vitest';
import type { Communication } from '../../../src/domain/fhir.ts';
import type { FhirWrite } from '../../../src/messages/effects.ts';
import type { Link } from '../../../src/messages/kind.ts';
import type { RecordContext } from '../../../src/messages/record.ts';
import { communication, ref } from '../../builders/fhir.ts';
import { eventId, message, userId } from '../../builders/matrix.ts';
import {
  author,
  fromFhir,
  fromMatrix,
  GHOST,
  knowing,
  link,
  MESSAGE_OPTIONS,
} from '../../builders/messages.ts';

const T = eventId('$target');
const E1 = eventId('$edit1');
const E2 = eventId('$edit2');
const ABSENT = {
  _contentString: {
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
  },
};
const redaction = (target: string = T, over: object = {}) => ({
  ...{ event_id: '$redaction', type: 'm.room.redaction', content: { redacts: target } },
  ...over,
});
const editLink = (id: typeof E1, over: Partial<Link> = {}): Link =>
  link({ cause: id, eventId: id, kind: 'edit', target: T, digest: `digest of ${id}`, ...over });
const retracting = (id: string, target: string): Link =>
  link({ cause: id, eventId: eventId(id), kind: 'retraction', target: eventId(target) });
const original = link({ digest: 'digest of the original' });
const applied = (writes: readonly FhirWrite[] | undefined, before: Partial<Communication> = {}) =>
  (writes ?? []).map((write) =>
    write.kind === 'change' ? write.apply({ ...communication(), ...before }) : write,
  );

describe('the redaction of a message puts its record in error', () => {
  test('without the text', () => {
    const read = fromMatrix(redaction(), {}, knowing(original));
    expect(read).toMatchObject({
      kind: 'retraction',
      writes: [{ kind: 'change', reference: 'Communication/target', target: T }],
      notices: [],
    });
    expect(applied(read?.writes)).toEqual([
      { ...communication(), status: 'entered-in-error', payload: [ABSENT] },
    ]);
  });

  test('with the text, where the operator keeps it', () => {
    const options = { ...MESSAGE_OPTIONS, retractedText: 'kept' } as const;
    const { writes } = fromMatrix(redaction(), { options }, knowing(original)) ?? {};
    expect(applied(writes)).toEqual([{ ...communication(), status: 'entered-in-error' }]);
  });

  test('once: one that is in error already is not written', () => {
    const { writes } = fromMatrix(redaction(), {}, knowing(original)) ?? {};
    expect(applied(writes, { status: 'entered-in-error', payload: [ABSENT] })).toEqual([undefined]);
  });

  test('with all records of the message and its corrections', () => {
    const second = link({ part: 1, communication: ref('Communication/second') });
    const corrected = editLink(E1, { communication: ref('Communication/corrected') });
    const { writes } = fromMatrix(redaction(), {}, knowing(original, second, corrected)) ?? {};
    expect(writes).toMatchObject([
      { reference: 'Communication/target' },
      { reference: 'Communication/second' },
      { reference: 'Communication/corrected' },
    ]);
  });

  test('by a member who may redact, also of a message from FHIR', () => {
    const known = knowing(link({ origin: 'fhir', sender: GHOST }));
    const read = fromMatrix(redaction(), {}, known, { mayRedact: true });
    expect(read).toMatchObject({ writes: [{ kind: 'change' }] });
  });
});

describe('the redaction of an edit', () => {
  test('lets the record say again what it said before', () => {
    expect(fromMatrix(redaction(E1), {}, knowing(original, editLink(E1)))?.writes).toEqual([
      { kind: 'restore', reference: 'Communication/target', target: E1, digest: 'digest of the original' },
    ]);
  });

  test('of two, lets it say what the first said', () => {
    const known = knowing(original, editLink(E1), editLink(E2));
    expect(fromMatrix(redaction(E2), {}, known)?.writes).toMatchObject([{ digest: `digest of ${E1}` }]);
  });

  test('that a later one replaced changes nothing, but is remembered', () => {
    const known = knowing(original, editLink(E1), editLink(E2));
    const { writes, ignored } = fromMatrix(redaction(E1), {}, known) ?? {};
    expect(ignored).toBeUndefined();
    expect(writes).toMatchObject([{ kind: 'change', target: E1 }]);
    expect(applied(writes)).toEqual([undefined]);
  });

  test('after that of the edit before never brings that one back', () => {
    const known = knowing(original, editLink(E1), editLink(E2), retracting('$r1', E1));
    expect(fromMatrix(redaction(E2), {}, known)?.writes).toMatchObject([
      { digest: 'digest of the original' },
    ]);
  });

  test('of a message that was retracted does not bring it back', () => {
    const known = knowing(original, editLink(E1), retracting('$r1', T));
    expect(applied(fromMatrix(redaction(E1), {}, known)?.writes)).toEqual([undefined]);
  });

  test('by a platform does not change what the platform wrote', () => {
    const sent = link({ origin: 'fhir', sender: GHOST });
    const known = knowing(sent, editLink(E1, { origin: 'fhir', sender: GHOST }));
    const read = fromMatrix(redaction(E1), {}, known, { mayRedact: true });
    expect(applied(read?.writes)).toEqual([undefined]);
  });

  test('that made a correction retracts that, and brings the first record back', () => {
    const known = knowing(
      original,
      editLink(E1, { digest: 'in error' }),
      editLink(E1, { part: 1, communication: ref('Communication/corrected') }),
    );
    expect(fromMatrix(redaction(E1), {}, known)?.writes).toMatchObject([
      { kind: 'restore', reference: 'Communication/target', digest: 'digest of the original' },
      { kind: 'change', reference: 'Communication/corrected' },
    ]);
  });

  test('whose message was never found puts its record in error', () => {
    const orphan = link({ cause: E1, eventId: E1, kind: 'edit' });
    expect(fromMatrix(redaction(E1), {}, knowing(orphan))?.writes).toMatchObject([
      { kind: 'change', reference: 'Communication/target', target: E1 },
    ]);
  });
});

describe('a redaction that is not for its sender to make changes nothing', () => {
  const byEve = { sender: '@eve:example.org' };
  test.each<[string, object, readonly Link[]]>([
    ['of the message of another', redaction(T, byEve), [original]],
    ['of a ghost’s message', redaction(), [link({ origin: 'fhir', sender: GHOST })]],
    ['of a message whose author is not known', redaction(), [link({ sender: undefined })]],
    ['of the edit of another', redaction(E1, byEve), [original, editLink(E1)]],
    ['by the namesake on another server', redaction(T, { sender: '@nurse:elsewhere.example' }), [original]],
    [
      'by who wrote the edit, of the message of another',
      redaction(T, byEve),
      [original, editLink(E1, { sender: userId('@eve:example.org') })],
    ],
  ])('%s', (_, over, links) => {
    expect(fromMatrix(over, {}, knowing(...links))).toMatchObject({ writes: [], ignored: 'not-the-author' });
  });

  test.each<[string, object]>([
    ['of an event that is not known', redaction('$nowhere')],
    ['of the room’s creation', redaction('$create')],
    ['of itself', redaction('$redaction')],
  ])('%s', (_, over) => {
    expect(fromMatrix(over, {}, knowing(original), { mayRedact: true })).toMatchObject({
      ...{ writes: [], ignored: 'target-missing' },
    });
  });

  test.each<[string, object]>([
    ['that names no event', redaction(T, { content: {} })],
    ['that names a list', redaction(T, { content: { redacts: [T] } })],
    ['that names another in its content than beside it', redaction(T, { redacts: '$other' })],
  ])('%s', (_, over) => {
    expect(fromMatrix(over, {}, knowing(original), { mayRedact: true })).toBeUndefined();
  });
});

describe('a Communication that is not to be shown any more', () => {
  const sent = link({ origin: 'fhir', sender: GHOST });
  test.each<[string, object]>([
    ['entered in error', { status: 'entered-in-error' }],
    ['stopped', { status: 'stopped' }],
    ['not done', { status: 'not-done' }],
    ['on hold', { status: 'on-hold' }],
    ['of a status that no one knows', { status: 'retracted' }],
    ['without content', { payload: [] }],
    ['with its text marked as absent', { payload: [ABSENT] }],
  ])('%s: its message is redacted', (_, over) => {
    expect(fromFhir(over, {}, [sent])).toEqual({
      kind: 'retraction',
      sends: [{ kind: 'redact', eventId: T }],
    });
  });

  const inError = { status: 'entered-in-error' };
  test.each<[string, readonly Link[], readonly string[]]>([
    ['its parts', [sent, link({ part: 1, eventId: eventId('$part') })], [T, '$part']],
    ['its edits', [sent, editLink(E1, { origin: 'fhir' })], [T, E1]],
    ['the bot’s word that it was changed', [original, editLink(E1, { origin: 'fhir' })], [T, E1]],
    ['no reactions', [sent, link({ kind: 'reaction', eventId: eventId('$like'), target: T })], [T]],
    ['nothing twice', [sent, retracting('$r', T)], []],
    [
      'what was sent after it was retracted before',
      [sent, retracting('$r', T), link({ kind: 'edit', eventId: eventId('$again') })],
      ['$again'],
    ],
  ])('with it goes/go %s', (_, carried, expected) => {
    const sends = fromFhir(inError, {}, carried)?.sends ?? [];
    expect(sends.map((send) => (send.kind === 'redact' ? send.eventId : send.type))).toEqual(expected);
  });

  test('and never was is none', () => {
    expect(fromFhir(inError)?.kind).not.toBe('retraction');
  });
});

describe('the reason of a redaction', () => {
  const reasoned = (reason: unknown) => redaction(T, { content: { redacts: T, reason } });
  const made = {
    reference: ref('Communication/target'),
    versionId: '2',
    lastUpdated: '2026-11-29T12:00:01Z',
  };
  const provenanceOf = (reason: unknown, context: Partial<RecordContext> = {}) => {
    const options = { ...MESSAGE_OPTIONS, retractionReason: 'provenance' } as const;
    const [write] = fromMatrix(reasoned(reason), { options, ...context }, knowing(original))?.writes ?? [];
    return write?.kind === 'change' ? write.provenance?.(made) : undefined;
  };

  test('is a Provenance of the version that it made, where the operator wants that', () => {
    const provenance = provenanceOf('Sent to the wrong room');
    expect(provenance).toEqual({
      resourceType: 'Provenance',
      id: provenance?.id,
      meta: {
        tag: [
          {
            system: 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/provenance',
            code: provenance?.id,
          },
        ],
      },
      target: [{ reference: 'Communication/target/_history/2', type: 'Communication' }],
      occurredDateTime: new Date(message().origin_server_ts).toISOString(),
      recorded: '2026-11-29T12:00:01Z',
      reason: [{ text: 'Sent to the wrong room' }],
      activity: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-DataOperation', code: 'NULLIFY' }],
      },
      agent: [
        {
          type: {
            coding: [
              {
                system: 'http://terminology.hl7.org/CodeSystem/provenance-participant-type',
                code: 'author',
              },
            ],
          },
          who: { reference: 'Practitioner/7', type: 'Practitioner' },
        },
      ],
    });
    expect(provenance?.id).toMatch(/^reason-[0-9a-f]{43}$/);
  });

  test.each([
    ['is cleaned', 'a\u202Eb\u0000', 'ab'],
    ['is not longer than 500 characters', '😀'.repeat(900), '😀'.repeat(500)],
  ])('%s', (_, reason, text) => {
    expect(provenanceOf(reason)?.reason).toEqual([{ text }]);
  });

  test.each([[''], [' \u200B'], [7], [undefined], [['x']]])('%j is none', (reason) => {
    expect(provenanceOf(reason)).toBeUndefined();
  });

  test('by somebody whom FHIR does not know holds who they are, as the record of a message would', () => {
    const by = author({ person: undefined, userId: userId('@eve:other.org') }, { as: 'contained' });
    expect(provenanceOf('oops', { author: by })).toMatchObject({
      contained: [{ id: 'sender', identifier: [{ value: 'matrix:u/eve:other.org' }] }],
      agent: [{ who: { reference: '#sender' } }],
    });
  });

  test('is left out by default', () => {
    const [write] = fromMatrix(reasoned('oops'), {}, knowing(original))?.writes ?? [];
    expect(write).not.toHaveProperty('provenance');
  });
});
