// No Communication is too large for the events that show it, whatever a platform writes into it.
import { describe, expect, test } from 'vitest';
import { MESSAGE_KIND_SYSTEM } from '../../src/domain/fhir.ts';
import type { FhirReference } from '../../src/domain/ids.ts';
import { ASPECTS } from '../../src/messages/registry.ts';
import { fromFhir, GHOST, knowing, link, MESSAGE_OPTIONS } from '../builders/messages.ts';
import { ref } from '../builders/fhir.ts';
import { eventId, userId } from '../builders/matrix.ts';

/** An event has 65,536 bytes; beside its content stand its ids, its hashes and its signatures. */
const MOST_BYTES = 65_536 - 2_500;

const PEOPLE = Array.from({ length: 60 }, (_, n) => ref(`Practitioner/${n}`));
const ACCOUNTS: ReadonlyMap<FhirReference, ReturnType<typeof userId>> = new Map(
  PEOPLE.map((person, n) => [person, userId(`@${String(n).padStart(240, 'x')}:example.org`)]),
);
const CONTEXT = {
  // The longest name that people and senders have.
  relayedFor: '\u{1F468}'.repeat(100),
  options: { ...MESSAGE_OPTIONS, mentionRecipients: true },
  accounts: ACCOUNTS,
};
const RECIPIENTS = { recipient: PEOPLE.map((reference) => ({ reference })) };
const html = (source: string) => ({
  contentAttachment: { contentType: 'text/html', data: Buffer.from(source).toString('base64') },
});
const tagged = (code: string) => ({
  meta: { tag: [{ system: MESSAGE_KIND_SYSTEM, code }] },
});

const HUGE = {
  'a text of a word without end': { payload: [{ contentString: 'x'.repeat(3_000_000) }] },
  'a text of line feeds, each of two bytes in JSON': { payload: [{ contentString: 'x\n'.repeat(500_000) }] },
  'a text of quotation marks': { payload: [{ contentString: '"\\'.repeat(30_000) }] },
  'a text of control characters': { payload: [{ contentString: 'a\u0001'.repeat(30_000) }] },
  'a text of emoji': { payload: [{ contentString: '\u{1F469}\u200D\u{1F469}'.repeat(20_000) }] },
  'a text of one character with marks without end': {
    payload: [{ contentString: `a${'\u0301'.repeat(200_000)}` }],
  },
  'many texts': { payload: Array.from({ length: 5_000 }, () => ({ contentString: 'word '.repeat(50) })) },
  'a text as large as one event holds': { payload: [{ contentString: 'x'.repeat(24 * 1024 - 500) }] },
  HTML: { payload: [html(`<p>${'<b>bold</b> '.repeat(4_000)}</p>`)] },
  'HTML whose text is small': { payload: [html(`<p>${'<b></b><i>x</i>'.repeat(4_000)}</p>`)] },
  'an emote': { ...tagged('emote'), payload: [{ contentString: 'waves '.repeat(50_000) }] },
  'a location': {
    ...tagged('location'),
    payload: [{ contentString: 'here '.repeat(50_000) }, { contentString: 'geo:52.37,4.89' }],
  },
  'files with names without end': {
    payload: Array.from({ length: 60 }, () => ({
      contentAttachment: {
        contentType: 'x'.repeat(90_000),
        url: 'Binary/1',
        title: `${'x'.repeat(90_000)}.pdf`,
      },
    })),
  },
  'references with names without end': {
    payload: [{ contentReference: { reference: 'Binary/1', display: 'x'.repeat(90_000) } }],
  },
  'a sender with a name without end': { sender: { display: 'x'.repeat(90_000) } },
};

describe.each(Object.entries(HUGE))('%s', (_, over) => {
  const sizes = (carried: readonly ReturnType<typeof link>[]) =>
    fromFhir({ ...RECIPIENTS, ...over }, CONTEXT, carried, knowing(), { aspects: ASPECTS })?.sends.map(
      (send) => (send.kind === 'send' ? Buffer.byteLength(JSON.stringify(send.content)) : 0),
    ) ?? [];

  test('is shown by events that a homeserver takes', () => {
    const found = sizes([]);
    expect(found.length).toBeGreaterThan(0);
    expect(Math.max(...found)).toBeLessThan(MOST_BYTES);
  });

  test('as a change of a message that was sent, too', () => {
    const first = link({ origin: 'fhir', sender: GHOST, eventId: eventId('$first'), digest: 'before' });
    expect(Math.max(0, ...sizes([first]))).toBeLessThan(MOST_BYTES);
  });
});
