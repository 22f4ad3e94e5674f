// What of a platform's message is not shown in the room, so that its platform is told.
import { expect, test } from 'vitest';
import { readCommunication } from '../../src/messages/read.ts';
import { KINDS } from '../../src/messages/registry.ts';
import { communication } from '../builders/fhir.ts';
import { envelope, knowing, link } from '../builders/messages.ts';

const REFERENCE = { contentReference: { display: 'Observation' } };
const TEXT = { contentString: 'Good morning' };

test.each([
  ['a text', [TEXT], undefined],
  ['a text of several events', [{ contentString: 'word '.repeat(20_000) }], undefined],
  ['a text that is too long for a room', [{ contentString: 'word '.repeat(400_000) }], 'too-large'],
  ['a text and a reference', [TEXT, REFERENCE], 'content-lost'],
  ['a reference alone', [REFERENCE], 'content-lost'],
])('%s', (_, payload, lost) => {
  const input = { communication: communication({ payload }), envelope: envelope({ payload }) };
  const types = { kinds: KINDS, aspects: [] };
  expect(readCommunication(types, input, [], knowing())?.lost).toBe(lost);
  expect(readCommunication(types, input, [link({ origin: 'fhir' })], knowing())?.lost).toBe(lost);
});
