// A FHIR directory of care for the end-to-end tests: organisations and practitioners of this run, and the adapter on them.
import { randomInt } from 'node:crypto';
import { inject } from 'vitest';
import type { FhirDirectory } from '../../src/identity/directories/mcsd/fhir-directory.ts';
import { createFhirDirectory, DIRECTORY_CODES } from '../../src/identity/directories/mcsd/fhir-directory.ts';
import { createMcsdFeed } from '../../src/identity/directories/mcsd/feed.ts';
import { createMcsdPeople } from '../../src/identity/directories/mcsd/people.ts';
import { createMcsdDirectory } from '../../src/identity/directories/mcsd/directory.ts';
import type { Directory } from '../../src/identity/directories/directory.ts';
import type { FhirClient } from '../../src/fhir/client.ts';
import { createFhirClient } from '../../src/fhir/client.ts';
import { createFhirSearches } from '../../src/fhir/searches.ts';
import type { FhirServer } from '../../src/fhir/server.ts';
import { createFhirServer } from '../../src/fhir/server.ts';
import type { TrustConfig } from '../../src/identity/directories/trust.ts';
import { createTrust } from '../../src/identity/directories/trust.ts';
import type { Resource } from '../../stack/demo/platform.ts';
import { createPlatform } from '../../stack/demo/platform.ts';

export const signal = new AbortController().signal;
export const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
const NL = 'http://fhir.nl/fhir/NamingSystem';
const PURPOSE = 'http://hl7.org/fhir/StructureDefinition/contactpoint-purpose';
export const tagged = (value: string, purpose = 'matrix-messaging') => ({
  ...{ system: 'other', value, extension: [{ url: PURPOSE, valueString: purpose }] },
});
const matrixTo = (value: string) => ({ system: 'url', value: `https://matrix.to/#/${value}` });
export const email = (value: string) => ({ system: 'email', value });

export const paths: string[] = [];

export function fhirDirectory(): FhirDirectory {
  return createFhirDirectory('mcsd', createFhirSearches(recordingClient(), clock));
}

/** The same server, as one's own directory into which may be written. */
export const ownDirectory = (): FhirServer => createFhirServer(recordingClient(), 'client-assigned');

function recordingClient(): FhirClient {
  const client = createFhirClient({
    ...{ baseUrl: inject('stack').hapi.url, bearerToken: undefined, requestTimeoutMs: 30_000 },
    ...{ label: 'mcsd', codes: DIRECTORY_CODES, cacheControl: 'no-cache', breaksCircuit: false },
    observe: () => () => undefined,
  });
  return {
    ...client,
    request: (request) => {
      paths.push(request.path);
      return client.request(request);
    },
  };
}

export function directory(trust: Partial<TrustConfig> = {}, passEveryMs = 3_600_000): Directory {
  const fhir = fhirDirectory();
  const accepts = createTrust({
    ...{ trustedServers: [], authoritativeFor: 'all', believePublished: true },
    homeserverOf: () => Promise.resolve(undefined),
    ...trust,
  });
  const people = createMcsdPeople({ fhir, accepts, clock, isLenient: false });
  const feed = createMcsdFeed({ fhir, people, clock, overlapMs: 0, passEveryMs });
  return createMcsdDirectory({ fhir, people, feed });
}

const put = (resource: Resource & { readonly id: string }): Promise<unknown> =>
  createPlatform(inject('stack').hapi.url).put(resource);

/** Deletes a resource. */
export async function remove(reference: string): Promise<void> {
  const response = await fetch(`${inject('stack').hapi.url}/${reference}`, { method: 'DELETE' });
  if (!response.ok) throw new Error(`DELETE ${reference}: ${response.status}`);
}

const coded = (system: string, code: string) => ({ code: [{ coding: [{ system, code }] }] });

/** Creates the writers of a directory whose numbers, ids and names are its own. */
export function createCareDirectory() {
  const run = String(randomInt(100_000, 999_999));
  const letters = Array.from(run, (digit) => 'qwrtzpsdfg'.charAt(Number(digit))).join('');
  const uzi = (n: number): string => `${run}${String(n).padStart(3, '0')}`;
  const ura = (n: number): string => `${run}${String(n).padStart(2, '0')}`;
  const id = (name: string): string => `m${run}-${name}`;

  const practitioner = (name: string, number: string | undefined, over: object = {}): Promise<unknown> =>
    put({
      ...{ resourceType: 'Practitioner', id: id(name), active: true },
      name: [{ given: [name], family: `van ${letters}` }],
      ...(number !== undefined && { identifier: [{ system: `${NL}/uzi-nr-pers`, value: number }] }),
      ...over,
    });
  const role = (name: string, holder: string, organization: string, over: object = {}): Promise<unknown> =>
    put({
      ...{ resourceType: 'PractitionerRole', id: id(name), active: true },
      practitioner: { reference: `Practitioner/${id(holder)}` },
      organization: { reference: `Organization/${id(organization)}` },
      ...over,
    });
  const organization = (name: string, number: string | undefined, over: object = {}): Promise<unknown> =>
    put({
      ...{ resourceType: 'Organization', id: id(name), active: true, name },
      ...(number !== undefined && { identifier: [{ system: `${NL}/ura`, value: number }] }),
      ...over,
    });
  async function writeOrganizations(): Promise<void> {
    await organization('hospital', ura(1), { telecom: [tagged('HS.nl', 'matrix-homeserver')] });
    await organization('ward', undefined, { partOf: { reference: `Organization/${id('hospital')}` } });
    await organization('clinic', ura(2), {
      contact: [{ telecom: [tagged('partner.nl', 'matrix-homeserver')] }],
    });
    await put({
      ...{ resourceType: 'Endpoint', id: id('chat'), status: 'active', address: 'https://chat.partner.nl' },
      connectionType: { system: 'https://example.org/types', code: 'matrix' },
      payloadType: [{ text: 'chat' }],
    });
    await organization('practice', ura(3), { endpoint: [{ reference: `Endpoint/${id('chat')}` }] });
  }

  async function writePeople(): Promise<void> {
    const isOver = { period: { end: '2020-01-01' } };
    const former = [
      { ...tagged('@former:hs.nl'), ...isOver },
      { ...email(`former@${run}.nl`), ...isOver },
    ];
    await practitioner('an', uzi(1), { telecom: [...former, tagged('@an:hs.nl'), email(`An@${run}.nl`)] });
    await role('an-ward', 'an', 'ward', coded(`${NL}/uzi-rolcode`, '01.015'));
    await practitioner('bo', undefined, {
      identifier: [{ system: 'urn:oid:2.16.528.1.1007.3.1', value: uzi(2) }],
    });
    await role('bo-clinic', 'bo', 'clinic', {
      telecom: [matrixTo('@bo:partner.nl'), email(`bo@${run}.nl`)],
      ...coded('http://snomed.info/sct', '158965000'),
    });
    // The same person as the hospital and the clinic have them.
    await practitioner('bo-again', undefined, {
      identifier: [{ system: `${NL}/uzi`, value: uzi(2) }],
      telecom: [tagged('@bo:partner.nl')],
    });
    await role('bo-again-clinic', 'bo-again', 'clinic');
    await practitioner('liar', uzi(3), { telecom: [tagged('@ceo:partner.nl')] });
    await role('liar-ward', 'liar', 'ward');
    await practitioner('double', uzi(4));
    await role('double-ward', 'double', 'ward', { telecom: [tagged('@double:hs.nl')] });
    await role('double-clinic', 'double', 'clinic', { telecom: [tagged('@double:partner.nl')] });
    await practitioner('left', uzi(5), { active: false, telecom: [tagged('@left:hs.nl')] });
    await role('left-ward', 'left', 'ward');
    await practitioner('was', uzi(6), { telecom: [tagged('@was:hs.nl')] });
    await role('was-ward', 'was', 'ward', { period: { end: '2020-01-01' } });
    await practitioner('loner', uzi(7), { telecom: [tagged('@loner:hs.nl')] });
  }

  return {
    ...{ run, letters, uzi, ura, id },
    ...{ practitioner, role, organization, writeOrganizations, writePeople },
  };
}
