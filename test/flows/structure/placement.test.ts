// In which team's space a conversation stands: by what the request names, what the subject has, and where it stands.
import { describe, expect, test } from 'vitest';
import type { CommunicationRequest } from '../../../src/domain/fhir.ts';
import type { FhirReference } from '../../../src/domain/ids.ts';
import { idOf } from '../../../src/domain/ids.ts';
import type { FhirReader } from '../../../src/flows/people/read-set.ts';
import { createReadSet } from '../../../src/flows/people/read-set.ts';
import { placementOf } from '../../../src/flows/structure/placement.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { roomId } from '../../builders/matrix.ts';

const PATIENT = 'Patient/1';

interface Team {
  /** The patient, unless told; `none` for a clinic's own. */
  readonly subject?: 'none';
  readonly status?: string;
  /** Whether it has a space; it does unless told. */
  readonly space?: false;
}
type Teams = Readonly<Record<string, Team>>;

/** A FHIR server with these teams. */
function readerOf(teams: Teams): FhirReader {
  const resourceOf = (id: string, { subject, status = 'active' }: Team) =>
    stored(`CareTeam/${id}`, '1', `2026-11-21T12:00:0${id}Z`, {
      status,
      ...(subject !== 'none' && { subject: { reference: PATIENT } }),
    });
  const all = new Map(
    Object.entries(teams).map(([id, team]) => [ref(`CareTeam/${id}`), resourceOf(id, team)] as const),
  );
  const ofSubject = [...all.values()].filter((team) => 'subject' in team).toReversed();
  return {
    search: () => Promise.resolve({ resources: ofSubject, serverTime: undefined }),
    searchAll: () => Promise.reject(new TypeError('No search for roles was expected')),
    readMany: (references) =>
      Promise.resolve(new Map([...all].filter(([reference]) => references.includes(reference)))),
  };
}

function requestNaming(...names: readonly string[]): CommunicationRequest {
  return {
    resourceType: 'CommunicationRequest',
    status: 'active',
    subject: { reference: PATIENT },
    recipient: names.map((id) => ({ reference: `CareTeam/${id}` })),
  };
}

async function placeOf(teams: Teams, { names = [], current }: { names?: string[]; current?: string } = {}) {
  const reads = createReadSet(readerOf(teams), new AbortController().signal);
  const spaceOf = (careTeam: FhirReference) => {
    const id = idOf(careTeam);
    return Promise.resolve(teams[id]?.space === false ? undefined : roomId(`!${id}`));
  };
  const standing = current === undefined ? undefined : ref(`CareTeam/${current}`);
  const placement = await placementOf(requestNaming(...names), standing, reads, spaceOf);
  return { in: placement && idOf(placement.reference), stamps: Object.fromEntries(reads.stamps()) };
}

describe('a conversation stands in the space', () => {
  test.each<[string, Teams, { names?: string[]; current?: string }, string | undefined]>([
    ['of its subject’s team with the lowest id', { 2: {}, 1: {} }, {}, '1'],
    ['of the subject’s team that it names', { 1: {}, 2: {} }, { names: ['2'] }, '2'],
    [
      'of the subject’s team, before a clinic’s that it names',
      { 1: {}, 2: { subject: 'none' } },
      { names: ['2'] },
      '1',
    ],
    [
      'of a clinic’s team that it names, for want of another',
      { 2: { subject: 'none' } },
      { names: ['2'] },
      '2',
    ],
    ['where it stands, though a team with a lower id came', { 1: {}, 2: {} }, { current: '2' }, '2'],
    [
      'of the team that it names by now, wherever it stands',
      { 1: {}, 2: {} },
      { names: ['1'], current: '2' },
      '1',
    ],
    [
      'of another team when its own is about someone else',
      { 1: { subject: 'none' }, 2: {} },
      { current: '1' },
      '2',
    ],
    ['of another team when its own is over', { 1: { status: 'inactive' }, 2: {} }, { current: '1' }, '2'],
    [
      'of another team when the one that it names is over',
      { 1: { status: 'inactive' }, 2: {} },
      { names: ['1'] },
      '2',
    ],
    ['of a suspended team', { 1: { status: 'suspended' }, 2: {} }, {}, '1'],
    ['of a team that has one', { 1: { space: false }, 2: {} }, {}, '2'],
    [
      'of no team that is over',
      { 1: { status: 'entered-in-error' }, 2: { subject: 'none', status: 'inactive' } },
      { names: ['2'] },
      undefined,
    ],
    ['of none, where the subject has none', {}, { names: ['7'], current: '7' }, undefined],
  ])('%s', async (_, teams, placed, expected) => {
    expect((await placeOf(teams, placed)).in).toBe(expected);
  });

  test('as teams say that are named, there or not, and the one that is chosen; others decide nothing', async () => {
    const teams: Teams = { 1: {}, 2: { status: 'proposed', space: false }, 3: {} };
    expect(await placeOf(teams, { names: ['2', '7'] })).toEqual({
      in: '1',
      stamps: {
        'CareTeam/2': '2026-11-21T12:00:02Z',
        'CareTeam/7': undefined,
        'CareTeam/1': '2026-11-21T12:00:01Z',
      },
    });
  });
});
