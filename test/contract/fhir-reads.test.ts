// What the bridge relies on when it reads many resources, on both FHIR servers: lists of ids, pages, chosen elements.
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
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

    test.each([
      [organization, ['id', 'meta'], 'name'],
      [`Practitioner/PREFIX1`, ['id', 'meta'], 'photo'],
      [`PractitionerRole/PREFIX7`, ['id', 'meta', 'practitioner', 'organization'], 'code'],
    ])('leaves out what was not asked for: of %s gives %j, not %s', async (given, elements, left) => {
      const [type = '', id = ''] = given.replace('PREFIX', prefix).split('/');
      const query = [
        ['_id', id],
        ['_elements', elements.join(',')],
      ] as const;
      const [resource] = (await server.search(type, query, 10)).resources;
      expect(resource?.meta.lastUpdated).toMatch(/^\d{4}-/);
      expect(resource?.meta.versionId).toMatch(/^\d+$/);
      expect(Object.keys(resource ?? {})).toEqual(expect.arrayContaining(elements));
      expect(resource).not.toHaveProperty(left);
    });
  });
});
