// Who has read what, as messages and headers of Medplum say it, with the literals of its page.
// https://github.com/medplum/medplum/blob/main/packages/examples/src/communications/messaging-examples.ts
import { describe, expect, test } from 'vitest';
import type { Communication, CommunicationRequest } from '../../../src/domain/fhir.ts';
import { medplumHeader } from '../../../src/mapping/threads/medplum-header.ts';
import { medplumReadState as readState } from '../../../src/mapping/threads/medplum-read-state.ts';
import { ref } from '../../builders/fhir.ts';

const ALICE = ref('Practitioner/doctor-alice-smith');
const HOMER = ref('Patient/homer-simpson');
const to = (...references: readonly string[]) => references.map((reference) => ({ reference }));
const AT = new Date('2024-03-15T14:30:00.000Z');

const message = (over: Partial<Omit<Communication, 'id'>> = {}): Communication & { id: string } => ({
  ...{ resourceType: 'Communication', id: 'latest-message-id', status: 'in-progress' },
  partOf: [{ reference: 'Communication/example-thread-header' }],
  sender: { reference: HOMER },
  recipient: to(ALICE),
  ...over,
});
/** `threadHeaderWithReadExtensionTs`, as the bridge reads it. */
const BLOCK = {
  url: 'https://medplum.com/fhir/StructureDefinition/thread-read-state',
  extension: [
    { url: 'participant', valueReference: { reference: ALICE } },
    { url: 'lastRead', valueReference: { reference: 'Communication/latest-message-id' } },
    { url: 'lastReadAt', valueDateTime: '2024-03-15T14:30:00.000Z' },
  ],
};
const thread = (over: Partial<Communication> = {}): CommunicationRequest & { id: string } => ({
  ...medplumHeader.toRequest({
    ...{ resourceType: 'Communication', status: 'in-progress' },
    subject: { reference: HOMER, display: 'Homer Simpson' },
    topic: { text: 'Lab results - April 10th' },
    ...over,
  }),
  id: 'example-thread-header',
});

describe('a message', () => {
  test('that is completed was read by its one recipient', () => {
    const read = message({ status: 'completed', received: '2024-03-15T14:30:00.000Z' });
    expect(readState.reportsIn(read)).toEqual([
      {
        person: ALICE,
        conversation: 'CommunicationRequest/example-thread-header',
        message: 'Communication/latest-message-id',
        otherwise: 'all',
        at: AT.getTime(),
      },
    ]);
  });

  test.each<[string, Partial<Communication>]>([
    ['in progress', { status: 'in-progress' }],
    ['retracted', { status: 'entered-in-error' }],
    ['to several', { recipient: to(ALICE, HOMER) }],
    ['to nobody', { recipient: [] }],
    ['to its own sender', { recipient: to(HOMER) }],
    ['to a team, of whom someone has read it', { recipient: to('CareTeam/1') }],
    ['to an organisation', { recipient: to('Organization/1') }],
  ])('%s says nothing of it', (_, over) => {
    expect(readState.reportsIn(message({ status: 'completed', ...over }))).toEqual([]);
  });

  test('is marked as read with the time, by its one recipient alone, and once', () => {
    const marked = readState.markedRead(message(), { person: ALICE, at: AT });
    expect(marked).toEqual({ ...message(), status: 'completed', received: '2024-03-15T14:30:00.000Z' });
    expect(readState.markedRead(message(), { person: HOMER, at: AT })).toBeUndefined();
    expect(readState.markedRead(message({ status: 'completed' }), { person: ALICE, at: AT })).toBeUndefined();
    expect(
      readState.markedRead(message({ status: 'entered-in-error' }), { person: ALICE, at: AT }),
    ).toBeUndefined();
  });
});

describe('a header', () => {
  test('says of each participant how far they have read', () => {
    expect(readState.reportsIn(thread({ extension: [BLOCK] }))).toEqual([
      {
        person: ALICE,
        conversation: 'CommunicationRequest/example-thread-header',
        message: 'Communication/latest-message-id',
        otherwise: 'all',
        at: AT.getTime(),
      },
    ]);
  });

  test.each([
    ['no participant', { ...BLOCK, extension: BLOCK.extension.slice(1) }],
    ['nothing read', { ...BLOCK, extension: BLOCK.extension.slice(0, 1) }],
    ['another extension', { ...BLOCK, url: 'https://example.org/other' }],
    ['no parts', { url: BLOCK.url }],
    [
      'something read that is no message',
      {
        ...BLOCK,
        extension: [BLOCK.extension[0], { url: 'lastRead', valueReference: { reference: 'Task/1' } }],
      },
    ],
  ])('says nothing with %s', (_, block) => {
    expect(readState.reportsIn(thread({ extension: [block] as never }))).toEqual([]);
  });

  test('gets a block for who reads, and moves it when they read on', () => {
    const [first, second] = [ref('Communication/first'), ref('Communication/latest-message-id')];
    const once = readState.withLastRead(thread(), { person: ALICE, message: first, at: AT });
    if (once === undefined) throw new TypeError('Expected a change');
    const twice = readState.withLastRead(once, { person: ALICE, message: second, at: AT });
    const blocks = (twice?.extension ?? []).filter(({ url }) => url === BLOCK.url);
    expect(blocks).toMatchObject([BLOCK]);
    expect(readState.withLastRead(twice ?? once, { person: ALICE, message: second, at: AT })).toBeUndefined();
  });

  test.each<[string, Partial<Communication>, boolean]>([
    ['two', { recipient: to(HOMER, ALICE), sender: { reference: ALICE } }, false],
    ['three', { recipient: to(HOMER, ALICE, 'Practitioner/nurse-jackie') }, true],
    ['one and a team', { recipient: to(ALICE, 'CareTeam/1') }, true],
  ])('of %s: %s', (_, over, isShared) => {
    expect(readState.isShared(thread(over))).toBe(isShared);
  });
});
