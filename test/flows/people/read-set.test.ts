// Resources as of one moment: each is read once, by however many computations, and each computation notes its own.
import { expect, test } from 'vitest';
import type { FhirReference } from '../../../src/domain/ids.ts';
import type { StoredResource } from '../../../src/fhir/server.ts';
import { createReadSet } from '../../../src/flows/people/read-set.ts';
import { ref, stored } from '../../builders/fhir.ts';

/** A FHIR server of teams 1 and 2 about patients 1 and 2, and one role; and the requests that it got. */
function serverWithRequests() {
  const requests: string[] = [];
  const scene = { fails: false };
  const team = (id: string) =>
    stored(`CareTeam/${id}`, '1', `2026-11-21T12:00:0${id}Z`, { subject: { reference: `Patient/${id}` } });
  const all: readonly StoredResource[] = [
    ...[team('1'), team('2')],
    stored('PractitionerRole/a', '1', '2026-11-21T12:00:03Z'),
  ];
  const answer = <T>(request: string, result: T): Promise<T> => {
    requests.push(request);
    return scene.fails ? Promise.reject(new Error('away')) : Promise.resolve(result);
  };
  const find = (reference: FhirReference) =>
    all.flatMap((each) =>
      reference === `${each.resourceType}/${each.id}` ? [[reference, each] as const] : [],
    );
  const reads = createReadSet(
    {
      readMany: (references) => answer(references.join(), new Map(references.flatMap(find))),
      search: (type, query) => {
        const [, subjects = ''] = query[0] ?? [];
        const found = all.filter((each) => subjects.split(',').includes(`Patient/${each.id}`));
        return answer(`${type} of ${subjects}`, { resources: found, serverTime: undefined });
      },
      searchAll: (type, query) =>
        answer(`${type} in ${query[0]?.[1] ?? ''}`, { resources: all.slice(2), complete: true }),
    },
    new AbortController().signal,
  );
  return { reads, requests, scene };
}

const [ONE, TWO, NONE] = ['1', '2', '9'].map((id) => ref(`CareTeam/${id}`)) as [
  FhirReference,
  FhirReference,
  FhirReference,
];

test('what was read is not read again, there or not, though two ask at one time', async () => {
  const { reads, requests } = serverWithRequests();
  const other = reads.share();
  await Promise.all([reads.read([ONE, NONE]), other.read([ONE, TWO])]);
  await reads.read([ONE, TWO, NONE]);
  expect(requests).toEqual(['CareTeam/1,CareTeam/9', 'CareTeam/2']);
  expect([reads.find(ONE)?.id, reads.find(NONE)]).toEqual(['1', undefined]);
});

test('each computation notes what it looked at itself, with the stamps', async () => {
  const { reads } = serverWithRequests();
  const other = reads.share();
  await reads.read([ONE, NONE]);
  await other.read([TWO]);
  await other.rolesIn([ref('Organization/1')], 10);
  expect(Object.fromEntries(reads.stamps())).toEqual({ [ONE]: '2026-11-21T12:00:01Z', [NONE]: undefined });
  expect([...other.dependencies()]).toEqual([
    TWO,
    'PractitionerRole/a',
    'PractitionerRole?organization=Organization/1',
  ]);
  expect([...other.stamps().keys()]).toEqual([TWO, 'PractitionerRole/a']);
});

test('the teams of many are read with one search, and concern only those who note them', async () => {
  const { reads, requests } = serverWithRequests();
  await reads.readTeamsOf([ref('Patient/1'), ref('Patient/2')]);
  const one = reads.share();
  expect((await one.teamsOf(ref('Patient/1'))).map(({ id }) => id)).toEqual(['1']);
  expect([...one.dependencies()]).toEqual([]);
  await one.read([ONE]);
  expect(requests).toEqual(['CareTeam of Patient/1,Patient/2']);
});

test('a request that failed is made again by the next who asks', async () => {
  const { reads, requests, scene } = serverWithRequests();
  scene.fails = true;
  await expect(reads.read([ONE])).rejects.toThrow('away');
  await expect(reads.teamsOf(ref('Patient/1'))).rejects.toThrow('away');
  scene.fails = false;
  await reads.share().read([ONE]);
  await reads.teamsOf(ref('Patient/1'));
  expect(requests).toEqual(['CareTeam/1', 'CareTeam of Patient/1', 'CareTeam/1', 'CareTeam of Patient/1']);
});
