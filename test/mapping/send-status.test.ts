// What a client is told of a message that was not recorded, in the form of the mautrix bridges.
import { expect, test } from 'vitest';
import { TEXTS } from '../../src/mapping/language/languages.ts';
import { sendStatusContent } from '../../src/mapping/send-status.ts';
import { eventId } from '../builders/matrix.ts';

const related = { 'm.relates_to': { rel_type: 'm.reference', event_id: '$1' }, network: 'fhir' };

test.each([
  ['unsupported-content', 'FAIL_PERMANENT', 'com.beeper.unsupported_event', /soort/],
  ['encrypted-message', 'FAIL_PERMANENT', 'com.beeper.undecryptable_event', /versleuteld/],
  ['empty-message', 'FAIL_PERMANENT', 'com.beeper.unsupported_event', /geen tekst/],
  ['unsupported-event', 'FAIL_PERMANENT', 'com.beeper.unsupported_event', /blijft in deze kamer/],
  ['file-too-large', 'FAIL_PERMANENT', 'm.event_not_handled', /bestand van u is te groot/],
  ['file-not-allowed', 'FAIL_PERMANENT', 'm.event_not_handled', /niet is toegestaan/],
  ['file-infected', 'FAIL_PERMANENT', 'm.event_not_handled', /schadelijke software gevonden/],
  ['file-not-scanned', 'FAIL_RETRIABLE', 'm.event_not_handled', /niet op schadelijke software/],
  ['file-missing', 'FAIL_RETRIABLE', 'm.event_not_handled', /niet worden opgehaald/],
  ['too-large', 'FAIL_PERMANENT', 'm.event_not_handled', /te groot/],
  ['refused', 'FAIL_PERMANENT', 'm.event_not_handled', /kon niet worden vastgelegd/],
  ['room-replaced', 'FAIL_PERMANENT', 'm.event_not_handled', /niet meer vastgelegd/],
  ['not-filed', 'FAIL_RETRIABLE', 'm.foreign_network_error', /kon niet worden vastgelegd/],
  ['delayed', 'PENDING', 'm.foreign_network_error', /nog niet vastgelegd/],
] as const)('%s is %s', (failure, status, reason, words) => {
  expect(sendStatusContent(TEXTS.nl, eventId('$1'), failure)).toEqual({
    ...related,
    ...{ status, reason },
    'io.github.fhir-matrix-bridge.reason': failure,
    message: expect.stringMatching(words) as string,
  });
});

test('what was recorded after all has no reason', () => {
  expect(sendStatusContent(TEXTS.nl, eventId('$1'), undefined)).toEqual({ ...related, status: 'SUCCESS' });
});
