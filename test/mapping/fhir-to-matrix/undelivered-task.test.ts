// The Task that tells a platform that its Communication did not reach the room.
import { describe, expect, test } from 'vitest';
import { UNDELIVERED_REASONS } from '../../../src/domain/undelivered.ts';
import { ended, failedAgain, undeliveredTask } from '../../../src/mapping/fhir-to-matrix/undelivered-task.ts';
import type { Task } from '../../../src/domain/fhir.ts';
import type { FhirReference } from '../../../src/domain/ids.ts';
import type { FhirProfile } from '../../../src/mapping/fhir-profiles/fhir-profile.ts';
import { FHIR_PROFILES } from '../../../src/mapping/fhir-profiles/profiles.ts';
import { communication, ref } from '../../builders/fhir.ts';
import { ozoFaults } from '../../builders/ozo-rules.ts';

const AT = Date.UTC(2026, 10, 29, 12);
const LATER = AT + 60_000;
const SECRET = 'The wound of Jan looks better';
const taskOf = (over: object, profile: FhirProfile, patient?: FhirReference) =>
  undeliveredTask(
    { ...communication({ payload: [{ contentString: SECRET }], ...over }), id: '7' },
    { reason: 'no-conversation', at: AT, patient },
    profile,
  );
const failed = (over: object = {}): Task & { id: string } => {
  const task = taskOf(over, FHIR_PROFILES.generic);
  if (task === undefined) throw new TypeError('A profile that demands nothing has a Task for all');
  return task;
};

test('names the Communication and why, and nothing that it says', () => {
  const task = failed({ subject: { reference: 'Patient/12/_history/3' } });
  expect(task).toEqual({
    resourceType: 'Task',
    id: task.id,
    identifier: [
      {
        use: 'official',
        system: 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/task',
        value: task.id,
      },
    ],
    status: 'failed',
    statusReason: {
      coding: [
        {
          system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/undelivered-reason',
          code: 'no-conversation',
          display: 'Neither partOf nor basedOn names a conversation',
        },
        { system: 'http://hl7.org/fhir/issue-type', code: 'required' },
      ],
    },
    intent: 'order',
    code: {
      coding: [
        {
          system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/task',
          code: 'message-not-delivered',
        },
      ],
    },
    focus: { reference: 'Communication/7', type: 'Communication' },
    for: { reference: 'Patient/12', type: 'Patient' },
    authoredOn: '2026-11-29T12:00:00.000Z',
    lastModified: '2026-11-29T12:00:00.000Z',
  });
  expect(task.id).toMatch(/^undelivered-[0-9a-f]{43}$/);
});

describe.each(['ozo-0.7', 'ozo-0.9'] as const)('under %s', (version) => {
  const profile = FHIR_PROFILES[version];
  const patient = ref('Patient/12');

  test('it is its sender’s, and about the patient of the conversation where the message names none', () => {
    const task = taskOf({}, profile, patient);
    expect(task).toMatchObject({ owner: { reference: 'Practitioner/7' }, for: { reference: 'Patient/12' } });
    expect(task && ozoFaults(task, version)).toEqual([]);
  });

  test.each<[string, object, FhirReference | undefined]>([
    ['without a patient', {}, undefined],
    ['without a sender', { sender: undefined }, patient],
    ['of a device', { sender: { reference: 'Device/1' } }, patient],
  ])('there is none for a message %s: the server would refuse it', (_, over, about) => {
    expect(taskOf(over, profile, about)).toBeUndefined();
  });
});

test.each(UNDELIVERED_REASONS)('%s has an id that a FHIR server takes', (reason) => {
  const message = { resourceType: 'Communication', id: '7' } as const;
  const made = undeliveredTask(message, { reason, at: AT, patient: undefined }, FHIR_PROFILES.generic);
  expect(made?.id).toBe(failed().id);
  expect(failed().id.length).toBeLessThanOrEqual(64);
});

test('of what a CommunicationRequest says first names the request', () => {
  const request = { resourceType: 'CommunicationRequest', id: '7' } as const;
  const failure = { reason: 'content-lost', at: AT, patient: undefined } as const;
  const task = undeliveredTask(request, failure, FHIR_PROFILES.generic);
  expect(task).toMatchObject({
    focus: { reference: 'CommunicationRequest/7', type: 'CommunicationRequest' },
    statusReason: { coding: [{ code: 'content-lost' }, {}] },
  });
  expect(task?.id).not.toBe(failed().id);
});

test('a contained subject is left out', () => {
  expect(failed({ subject: { reference: '#patient' } })).not.toHaveProperty('for');
});

describe('a Task that is there already', () => {
  test('is left as it is where the message fails for the same reason', () => {
    expect(failedAgain(failed(), 'no-conversation', LATER)).toBeUndefined();
  });

  test('says the new reason where it fails for another', () => {
    expect(failedAgain(failed(), 'too-large', LATER)).toMatchObject({
      status: 'failed',
      statusReason: { coding: [{ code: 'too-large' }, { code: 'too-long' }] },
      lastModified: '2026-11-29T12:01:00.000Z',
    });
  });

  test.each([
    ['delivered', 'completed'],
    ['withdrawn', 'cancelled'],
  ] as const)('of a message that was %s is %s', (end, status) => {
    const task = ended(failed(), end, LATER);
    expect(task).toMatchObject({ status, lastModified: '2026-11-29T12:01:00.000Z' });
    expect(task).not.toHaveProperty('statusReason');
    expect(task === undefined ? '' : ended(task, end, LATER)).toBeUndefined();
  });

  test('can fail again after it was completed', () => {
    const task = ended(failed(), 'delivered', LATER) ?? failed();
    expect(failedAgain(task, 'no-conversation', LATER)).toMatchObject({ status: 'failed' });
  });

  test('is never modified before it was written, whatever the clocks say', () => {
    expect(ended(failed(), 'delivered', AT - 5_000)?.lastModified).toBe('2026-11-29T12:00:00.000Z');
  });
});
