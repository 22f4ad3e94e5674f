// The conversation of a Communication where conversations are CommunicationRequests.
import { describe, expect, test } from 'vitest';
import { ozoThreads as profile } from '../../../src/mapping/threads/ozo.ts';
import { communication, ref } from '../../builders/fhir.ts';

describe('the conversation is the CommunicationRequest in partOf, else in basedOn', () => {
  const to = (reference: string) => ({ reference });
  test.each([
    ['partOf', { partOf: [to('CommunicationRequest/1')] }, 'CommunicationRequest/1'],
    ['basedOn', { partOf: undefined, basedOn: [to('CommunicationRequest/2')] }, 'CommunicationRequest/2'],
    [
      'partOf before basedOn',
      { partOf: [to('CommunicationRequest/1')], basedOn: [to('CommunicationRequest/2')] },
      'CommunicationRequest/1',
    ],
    [
      'the first that is a CommunicationRequest',
      { partOf: [to('Procedure/9'), to('CommunicationRequest/3')] },
      'CommunicationRequest/3',
    ],
    [
      'none by a reference to another server',
      { partOf: [to('https://a.example/fhir/CommunicationRequest/4')] },
      undefined,
    ],
    [
      'a versioned reference',
      { partOf: [to('CommunicationRequest/5/_history/12')] },
      'CommunicationRequest/5',
    ],
    [
      'an id that tells upper and lower case apart',
      { partOf: [to('CommunicationRequest/aB-1.c')] },
      'CommunicationRequest/aB-1.c',
    ],
    ['none: a contained one', { partOf: [to('#request')] }, undefined],
    ['none: a urn', { partOf: [to('urn:uuid:6b2f4e0c-0000-4000-8000-000000000000')] }, undefined],
    ['none: a search', { partOf: [to('CommunicationRequest?identifier=x')] }, undefined],
    ['none: an identifier alone', { partOf: [{ identifier: { value: 'x' } }] }, undefined],
    ['none: an id that FHIR does not allow', { partOf: [to('CommunicationRequest/a_b')] }, undefined],
  ])('%s', (_, over, expected) => {
    expect(profile.threadOf(communication(over))).toBe(expected);
  });
});

test('a new Communication is part of its conversation', () => {
  expect(profile.link(ref('CommunicationRequest/245'))).toEqual({
    partOf: [{ reference: 'CommunicationRequest/245', type: 'CommunicationRequest' }],
  });
});
