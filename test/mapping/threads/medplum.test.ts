// A header Communication as a CommunicationRequest and back, with the literals of Medplum's pages and examples.
// https://github.com/medplum/medplum/blob/main/packages/examples/src/communications/messaging-examples.ts
import { describe, expect, test } from 'vitest';
import type { Communication, CommunicationRequest } from '../../../src/domain/fhir.ts';
import { partiesOf } from '../../../src/mapping/fhir-to-matrix/participants.ts';
import { TOPIC_EXTENSION } from '../../../src/mapping/threads/medplum-header.ts';
import { medplumThreads as profile } from '../../../src/mapping/threads/medplum.ts';
import { ref } from '../../builders/fhir.ts';

const HOMER = { reference: 'Patient/homer-simpson', display: 'Homer Simpson' };
const ALICE = { reference: 'Practitioner/doctor-alice-smith', display: 'Dr. Alice Smith' };
const HOUSE = { reference: 'Practitioner/doctor-gregory-house', display: 'Dr. Gregory House' };
const JACKIE = { reference: 'Practitioner/nurse-jackie', display: 'Nurse Jackie' };

/** `createYourFirstThreadHeaderAndFirstMessageTs`: the header and its first message. */
const HEADER: Communication = {
  resourceType: 'Communication',
  status: 'in-progress',
  topic: { text: 'Lab results for Homer Simpson - April 10th' },
  subject: HOMER,
  sender: ALICE,
  recipient: [HOMER, ALICE],
  sent: '2024-04-10T09:00:00.000Z',
};
const MESSAGE: Communication = {
  resourceType: 'Communication',
  status: 'in-progress',
  partOf: [{ reference: 'Communication/example-thread-header' }],
  sender: ALICE,
  recipient: [HOMER],
  payload: [
    {
      contentString:
        'Hi Homer — we received your lab specimen and processing has started. We will message you here when results are ready.',
    },
  ],
  sent: '2024-04-10T10:00:00.000Z',
};
/** `threadLifecycleGroupThreadTs`. */
const GROUP: Communication = {
  resourceType: 'Communication',
  status: 'in-progress',
  topic: { text: 'Care coordination - Homer Simpson' },
  subject: HOMER,
  sender: ALICE,
  recipient: [ALICE, HOUSE, JACKIE],
};

function header() {
  if (profile.header === undefined) throw new TypeError('Expected headers');
  return profile.header;
}

describe('a header has no payload and no partOf', () => {
  test.each([
    ['the header', HEADER, true],
    ['a message', MESSAGE, false],
    ['a message that says nothing any more', { ...MESSAGE, payload: undefined }, false],
    ['a letter that belongs to no thread', { ...MESSAGE, partOf: undefined }, false],
    ['one with a topic alone, as in communicationGroupedThread', { topic: HEADER.topic }, true],
  ])('%s', (_, over, isHeader) => {
    expect(header().isHeader({ resourceType: 'Communication', status: 'in-progress', ...over })).toBe(
      isHeader,
    );
  });
});

describe('the conversation of a message', () => {
  test.each([
    ['the header in partOf', MESSAGE, 'CommunicationRequest/example-thread-header'],
    ['no CommunicationRequest', { partOf: [{ reference: 'CommunicationRequest/1' }] }, undefined],
    ['not what it is based on', { basedOn: [{ reference: 'Communication/1' }] }, undefined],
    ['none', {}, undefined],
  ])('%s', (_, over, thread) => {
    expect(profile.threadOf({ resourceType: 'Communication', status: 'in-progress', ...over })).toBe(thread);
  });

  test('is written as the header', () => {
    expect(profile.link(ref('CommunicationRequest/example-thread-header'))).toEqual({
      partOf: [{ reference: 'Communication/example-thread-header', type: 'Communication' }],
    });
  });

  test('is none for what no one reads in a room', () => {
    expect(profile.concerns(MESSAGE)).toBe(true);
    expect(profile.concerns({ ...MESSAGE, partOf: undefined })).toBe(false);
  });
});

describe('a header is read as a request', () => {
  test('with its participants, its beginning and its topic', () => {
    expect(header().toRequest(HEADER)).toEqual({
      resourceType: 'CommunicationRequest',
      status: 'active',
      extension: [{ url: TOPIC_EXTENSION, valueString: 'Lab results for Homer Simpson - April 10th' }],
      subject: HOMER,
      requester: ALICE,
      recipient: [HOMER, ALICE],
      authoredOn: '2024-04-10T09:00:00.000Z',
    });
  });

  test.each([
    ['in-progress', 'active'],
    ['completed', 'completed'],
    ['entered-in-error', 'entered-in-error'],
    ['preparation', 'draft'],
    ['on-hold', 'on-hold'],
    ['stopped', 'revoked'],
    ['not-done', 'revoked'],
    ['unknown', 'unknown'],
  ] as const)('%s is %s', (status, expected) => {
    expect(header().toRequest({ ...HEADER, status }).status).toBe(expected);
  });

  test.each([
    ['its recipients, who are all of them', GROUP, [ALICE, HOUSE, JACKIE]],
    ['not who began it and was removed', { ...GROUP, recipient: [HOUSE, JACKIE] }, [HOUSE, JACKIE]],
    ['who began it, where no one is listed', { ...GROUP, recipient: undefined }, [ALICE]],
    ['no one, where no one is named', { ...GROUP, recipient: undefined, sender: undefined }, []],
  ])('its participants are %s', (_, thread, participants) => {
    const { people } = partiesOf(header().toRequest(thread));
    expect(people.map(({ reference }) => reference)).toEqual(participants.map(({ reference }) => reference));
  });
});

describe('a request is written as a header', () => {
  const changed = (over: Partial<CommunicationRequest>, before: Communication = HEADER) =>
    header().toHeader({ ...header().toRequest(before), ...over }, before);

  test.each(
    (['in-progress', 'completed', 'stopped', 'not-done', 'unknown'] as const).map(
      (status) => [status] as const,
    ),
  )('and stays as it was when nothing changed: %s', (status) => {
    const before: Communication = {
      ...{ ...HEADER, status, category: [{ text: 'Doctor' }], about: [{ reference: 'Condition/1' }] },
      ...{ note: [{ text: 'n' }], encounter: { reference: 'Encounter/1' }, received: '2024-04-11' },
      extension: [{ url: 'https://example.org/own', valueString: 'x' }],
    };
    expect(changed({}, before)).toEqual(before);
  });

  test('with another participant', () => {
    const recipient = [HOMER, ALICE, { reference: 'Practitioner/dr-wilson', type: 'Practitioner' }];
    expect(changed({ recipient })).toEqual({ ...HEADER, recipient });
  });

  test('with another topic, which keeps its codes', () => {
    const topic = { text: 'Old', coding: [{ code: 'lab' }] };
    expect(
      changed({ extension: [{ url: TOPIC_EXTENSION, valueString: 'New' }] }, { ...HEADER, topic }),
    ).toEqual({ ...HEADER, topic: { text: 'New', coding: [{ code: 'lab' }] } });
  });

  test('a new one lists who began it among its recipients, so that they find it in their inbox', () => {
    const request: CommunicationRequest = {
      ...{ resourceType: 'CommunicationRequest', status: 'active', authoredOn: HEADER.sent },
      ...{ subject: HOMER, requester: ALICE, recipient: [HOUSE] },
    };
    expect(header().toHeader(request, undefined)).toEqual({
      ...{ resourceType: 'Communication', status: 'in-progress', sent: HEADER.sent },
      ...{ subject: HOMER, sender: ALICE, recipient: [ALICE, HOUSE] },
    });
  });

  test('a new one, of a room that a user made in the space of a team, is read as it was meant', () => {
    const request: CommunicationRequest = {
      ...{ resourceType: 'CommunicationRequest', status: 'active', authoredOn: HEADER.sent },
      identifier: [{ use: 'official', system: 'urn:ietf:rfc:3986', value: 'matrix:roomid/abc:example.org' }],
      ...{
        subject: { reference: 'Patient/1', type: 'Patient' },
        requester: ALICE,
        recipient: [ALICE, HOUSE],
      },
      about: [{ reference: 'CareTeam/1', type: 'CareTeam' }],
      extension: [{ url: TOPIC_EXTENSION, valueString: 'The new room' }],
    };
    expect(header().toRequest(header().toHeader(request, undefined))).toEqual(request);
  });

  test('a new one of somebody whom FHIR does not know lists only those whom it knows', () => {
    const requester = { identifier: { system: 'urn:ietf:rfc:3986', value: 'matrix:u/a:b' } };
    const request = { resourceType: 'CommunicationRequest', status: 'active' } as const;
    expect(header().toHeader({ ...request, requester }, undefined)).toMatchObject({
      sender: requester,
      recipient: undefined,
    });
  });
});

describe('a new message', () => {
  test('is sent and not read, and addressed to the other participants', () => {
    const written: Communication = { ...MESSAGE, status: 'completed', recipient: undefined };
    expect(header().toMessage(written, HEADER)).toEqual({
      ...MESSAGE,
      recipient: [{ reference: HOMER.reference, type: 'Patient' }],
    });
  });

  test('keeps those whom it mentions, each once', () => {
    const written: Communication = { ...MESSAGE, recipient: [JACKIE] };
    expect(header().toMessage(written, GROUP).recipient).toEqual([
      JACKIE,
      { reference: HOUSE.reference, type: 'Practitioner' },
    ]);
  });

  test('in error stays in error, and has no recipient where no one else takes part', () => {
    expect(
      header().toMessage({ ...MESSAGE, status: 'entered-in-error', recipient: undefined }, undefined),
    ).toEqual({
      ...MESSAGE,
      status: 'entered-in-error',
      recipient: undefined,
    });
  });
});
