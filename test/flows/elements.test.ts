// Of what changed, a reader asks for few elements: what is made of these is what would be made of the whole resource.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WatchedType } from '../../src/domain/fhir.ts';
import type { ThreadProfile } from '../../src/domain/threads.ts';
import { createAuthorsOrder } from '../../src/fhir/authors-order.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import { createFhirServer } from '../../src/fhir/server.ts';
import { withThreads } from '../../src/fhir/threads.ts';
import { elementsFor } from '../../src/fhir/watched.ts';
import { foreignIn } from '../../src/flows/foreign-communications.ts';
import { changeItem } from '../../src/flows/items/fhir-change.ts';
import { readReportItems, threadReportItems } from '../../src/flows/items/read-report.ts';
import { THREAD_PROFILES } from '../../src/mapping/threads/profiles.ts';
import { stored } from '../builders/fhir.ts';

const AT = '2026-11-29T12:00:00.000Z';
const referencesTo = (...references: readonly string[]) => references.map((reference) => ({ reference }));
const READ_STATE = {
  url: 'https://medplum.com/fhir/StructureDefinition/thread-read-state',
  extension: [
    { url: 'participant', valueReference: { reference: 'Practitioner/1' } },
    { url: 'lastRead', valueReference: { reference: 'Communication/7' } },
    { url: 'lastReadAt', valueDateTime: AT },
  ],
};

/** Every element that any reader may look at, each of which a resource has or has not. */
const COMMUNICATION = {
  partOf: [referencesTo('Communication/1'), referencesTo('CommunicationRequest/1')],
  basedOn: [referencesTo('CommunicationRequest/2')],
  identifier: [[{ system: 'https://matrix.org/event-id', value: '$1' }]],
  payload: [[{ contentString: 'Hello' }]],
  status: ['completed', 'in-progress', 'entered-in-error'],
  sender: [{ reference: 'Practitioner/2' }],
  recipient: [referencesTo('Practitioner/1'), referencesTo('Practitioner/1', 'Patient/1')],
  ...{ sent: [AT, '2026-11-28T12:00:00Z'], received: [AT], extension: [[READ_STATE]] },
  ...{ topic: [{ text: 'Topic' }], subject: [{ reference: 'Patient/1' }], note: [[{ text: 'x' }]] },
};
const TASK = {
  ...{ status: ['completed', 'requested'], intent: ['order', 'plan'], description: ['x'] },
  code: [{ coding: [{ system: 'https://medplum.com/task-codes', code: 'read-receipt' }] }, { text: 'x' }],
  basedOn: [referencesTo('CommunicationRequest/1')],
  focus: [{ reference: 'Communication/1' }, { reference: 'Patient/1' }],
  owner: [{ reference: 'Practitioner/1' }],
  ...{ executionPeriod: [{ end: AT }], lastModified: [AT], for: [{ reference: 'Patient/1' }] },
};
const AUDIT_EVENT = {
  type: [
    { system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle', code: 'access' },
    { code: 'rest' },
  ],
  ...{ action: ['R', 'C'], recorded: [AT], outcome: ['0'] },
  agent: [[{ requestor: true, who: { reference: 'Practitioner/1' } }]],
  entity: [[{ what: { reference: 'Communication/1' } }, { what: { reference: 'CommunicationRequest/1' } }]],
};

function anyOf(
  type: WatchedType,
  elements: Readonly<Record<string, readonly unknown[]>>,
): fc.Arbitrary<StoredResource> {
  const each = Object.entries(elements).map(([name, values]) => [name, fc.constantFrom(...values)] as const);
  return fc
    .record(Object.fromEntries(each), { requiredKeys: [] })
    .map((of) => stored(`${type}/9`, '1', AT, of));
}

function reduced(resource: StoredResource, elements: readonly string[]): StoredResource {
  const shown = Object.entries(resource).filter(([name]) => elements.includes(name));
  return stored(`${resource.resourceType}/9`, '1', AT, Object.fromEntries(shown));
}

/** A resource as a reader sees it under a profile. */
async function seen(resource: StoredResource, thread: ThreadProfile): Promise<StoredResource | undefined> {
  const request = () => Promise.resolve({ resourceType: 'Bundle', type: 'searchset', entry: [{ resource }] });
  const server = createFhirServer({ request, answerCode: 'fhir-answer' }, 'client-assigned');
  const { resources } = await withThreads(server, thread).search(resource.resourceType, [], 1);
  return resources[0];
}

async function madeOf(given: StoredResource, thread: ThreadProfile): Promise<unknown> {
  const resource = await seen(given, thread);
  if (resource === undefined) return undefined;
  const settings = { reportFailures: 'off' } as const;
  const other = stored('Communication/other', '1', AT, { sent: '2026-11-29T00:00:00Z' });
  const inOrder = createAuthorsOrder().add({ page: { resources: [resource, other] }, next: undefined });
  return {
    order: inOrder.map(({ id }) => id),
    change: changeItem(resource, thread),
    concerns: resource.resourceType === 'Communication' && thread.concerns(resource),
    foreign: foreignIn({ thread, settings }, resource),
    reports: readReportItems([resource]),
    threadReports: thread.readState && threadReportItems([resource], thread.readState),
  };
}

describe.each(Object.entries(THREAD_PROFILES))('under %s', (_, thread) => {
  test.each([
    ['Communication', anyOf('Communication', COMMUNICATION)],
    ['Task', anyOf('Task', TASK)],
    ['AuditEvent', anyOf('AuditEvent', AUDIT_EVENT)],
  ] as const)('of a %s', async (type, resources) => {
    await fc.assert(
      fc.asyncProperty(resources, async (resource) => {
        const few = reduced(resource, elementsFor(type, thread));
        expect(await madeOf(few, thread)).toEqual(await madeOf(resource, thread));
      }),
      { numRuns: 500 },
    );
  });
});
