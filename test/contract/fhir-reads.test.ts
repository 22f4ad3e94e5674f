// What the bridge relies on when it reads many resources, on both FHIR servers: lists of ids, pages, chosen elements.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { WatchedType } from '../../src/domain/fhir.ts';
import { withinStamp } from '../../src/fhir/pager.ts';
import { elementsFor } from '../../src/fhir/watched.ts';
import { THREAD_PROFILES } from '../../src/mapping/threads/profiles.ts';
import { ref } from '../builders/fhir.ts';
import { FHIR_SERVERS, startFhirSubject, type FhirSubject } from './fhir-subject.ts';

const ROLES = 230;

describe.each(FHIR_SERVERS)('$name', ({ name, isMissing }) => {
  describe.skipIf(isMissing)('as the FHIR server', () => {
    const prefix = `r${randomBytes(4).toString('hex')}-`;
    const organization = `Organization/${prefix}clinic`;
    let subject: FhirSubject;
    let server: FhirSubject['server'];
    afterAll(() => subject.end());
    beforeAll(async () => {
      subject = await startFhirSubject(name);
      server = subject.server;
      const put = (resource: object, reference: string) => ({
        resource,
        request: { method: 'PUT', url: reference },
      });
      // One transaction: all of them bear nearly the same stamp.
      const roles = Array.from({ length: ROLES }, (_, index) => ({
        resourceType: 'PractitionerRole',
        id: `${prefix}${index}`,
        organization: { reference: organization },
        practitioner: { reference: `Practitioner/${prefix}1` },
        code: [{ text: 'nurse' }],
      }));
      await subject.platform.put({ resourceType: 'Patient', id: `${prefix}1`, active: true });
      const answer = await fetch(subject.url, {
        method: 'POST',
        headers: { 'content-type': 'application/fhir+json' },
        body: JSON.stringify({
          resourceType: 'Bundle',
          type: 'transaction',
          entry: [
            put({ resourceType: 'Organization', id: `${prefix}clinic`, name: 'Clinic' }, organization),
            put(
              {
                ...{ resourceType: 'Practitioner', id: `${prefix}1`, name: [{ text: 'Dr. No' }] },
                photo: [{ contentType: 'image/png', data: 'iVBORw0KGgo=' }],
              },
              `Practitioner/${prefix}1`,
            ),
            ...roles.map((role) => put(role, `PractitionerRole/${role.id}`)),
          ],
        }),
      });
      expect(answer.status).toBe(200);
    });

    test('answers for a list of ids with those that there are', async () => {
      subject.takeOperations();
      const ids = Array.from({ length: ROLES }, (_, index) => ref(`PractitionerRole/${prefix}${index}`));
      const found = await server.readMany([...ids, ref(organization), ref(`Patient/${prefix}1`)]);
      expect(found.size).toBe(ROLES + 2);
      expect(subject.takeOperations()).toEqual([
        'read Organization',
        'read Patient',
        ...Array.from({ length: 3 }, () => 'search PractitionerRole'),
      ]);
    });

    test('shows a version that was made after its history was read before', async () => {
      const patient = { resourceType: 'Patient', id: `${prefix}again` } as const;
      const versions = async () =>
        (await server.history(ref(`Patient/${patient.id}`))).map(({ meta }) => meta.versionId);
      await subject.platform.put({ ...patient, active: true });
      expect(await versions()).toEqual(['1']);
      await subject.platform.put({ ...patient, active: false });
      expect(await versions()).toEqual(['2', '1']);
    });

    test('has no one whom it does not have', async () => {
      const found = await server.readMany([
        ref(`Practitioner/${prefix}1`),
        ref(`Practitioner/${prefix}nobody`),
      ]);
      expect([...found.keys()]).toEqual([`Practitioner/${prefix}1`]);
    });

    test('gives all roles of an organisation, though hundreds were written at once', async () => {
      const query = [['organization', `${organization},Organization/${prefix}none`]] as const;
      const found = await server.searchAll('PractitionerRole', query, 500);
      expect([found.resources.length, found.complete]).toEqual([ROLES, true]);
      const cut = await server.searchAll('PractitionerRole', query, 100);
      expect([cut.resources.length, cut.complete]).toEqual([100, false]);
    });

    test('gives and counts what bears one stamp, also where elements are chosen', async () => {
      const role = await server.read(ref(`PractitionerRole/${prefix}7`));
      const from = role?.meta.lastUpdated ?? '';
      const query = [
        ['organization', organization],
        ['_elements', 'id,meta'],
      ] as const;
      const found = await server.searchStamp('PractitionerRole', query, { from, size: 10 });
      expect(found?.total).toBeGreaterThan(0);
      expect(found?.total).toBe(
        await server.count('PractitionerRole', [...query, ...withinStamp({ from, size: 10 })]),
      );
      expect(found?.resources[0]).not.toHaveProperty('code');
    });

    /** One with an element beside those that its readers ask for. */
    const WATCHED: readonly (readonly [WatchedType, object, string])[] = [
      ['CareTeam', { status: 'active', name: 'Team', subject: { reference: `Patient/PREFIX1` } }, 'name'],
      [
        'CommunicationRequest',
        { status: 'active', identifier: [{ system: 'urn:x', value: '1' }], priority: 'routine' },
        'priority',
      ],
      [
        'Communication',
        {
          ...{ status: 'completed', sent: '2026-11-29T12:00:00Z', received: '2026-11-29T12:01:00Z' },
          extension: [{ url: 'https://example.org/extension', valueString: 'x' }],
          identifier: [{ system: 'https://matrix.org/event-id', value: '$1' }],
          basedOn: [{ reference: 'Patient/PREFIX1' }],
          partOf: [{ reference: 'Patient/PREFIX1' }],
          sender: { reference: 'Patient/PREFIX1' },
          recipient: [{ reference: 'Patient/PREFIX1' }],
          payload: [{ contentString: 'Hello' }],
          reasonCode: [{ text: 'reason' }],
        },
        'reasonCode',
      ],
      [
        'Task',
        {
          ...{ status: 'completed', intent: 'order', code: { text: 'x' }, description: 'x' },
          basedOn: [{ reference: 'Patient/PREFIX1' }],
          focus: { reference: 'Patient/PREFIX1' },
          owner: { reference: 'Patient/PREFIX1' },
          executionPeriod: { end: '2026-11-29T12:00:00Z' },
          lastModified: '2026-11-29T12:00:00Z',
        },
        'description',
      ],
      [
        'AuditEvent',
        {
          ...{ type: { code: 'rest' }, action: 'R', recorded: '2026-11-29T12:00:00Z', outcome: '0' },
          agent: [{ requestor: true, who: { reference: 'Patient/PREFIX1' } }],
          source: { observer: { reference: 'Patient/PREFIX1' } },
          entity: [{ what: { reference: 'Patient/PREFIX1' } }],
        },
        'outcome',
      ],
      ['Organization', { name: 'Clinic', telecom: [{ value: '@a:b' }] }, 'name'],
      [
        'Practitioner',
        { photo: [{ contentType: 'image/png', data: 'iVBORw0KGgo=' }], telecom: [{ value: '@a:b' }] },
        'photo',
      ],
      [
        'PractitionerRole',
        {
          organization: { reference: organization },
          practitioner: { reference: 'Practitioner/PREFIX1' },
          telecom: [{ value: '@a:b' }],
          code: [{ text: 'nurse' }],
        },
        'code',
      ],
    ];

    test.each(WATCHED)('gives of a %s what its reader asks for, and not the rest', async (type, of, left) => {
      const id = `${prefix}elements`;
      const resource = JSON.parse(JSON.stringify(of).replaceAll('PREFIX', prefix)) as object;
      const tag = { system: 'https://example.org/tags', code: 'kept' };
      await subject.platform.put({ ...resource, resourceType: type, id, meta: { tag: [tag] } });
      const elements = new Set(Object.values(THREAD_PROFILES).flatMap((each) => elementsFor(type, each)));
      const query = [
        ['_id', id],
        ['_elements', [...elements].join(',')],
      ] as const;
      const [found] = (await server.search(type, query, 10)).resources;
      expect(found?.meta.lastUpdated).toMatch(/^\d{4}-/);
      expect(found?.meta.versionId).toMatch(/^\d+$/);
      expect(found?.meta.tag).toContainEqual(tag);
      const asked = Object.entries(resource).filter(([element]) => elements.has(element));
      expect(found).toMatchObject(Object.fromEntries(asked));
      expect(found).not.toHaveProperty(left);
    });
  });
});
