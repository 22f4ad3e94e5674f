// People to be resolved for tests: a FHIR server and a store that hold what a test names, and count requests.
import pg from 'pg';
import type { FhirReference, MatrixUserId } from '../../src/domain/ids.ts';
import { idOf, typeOf } from '../../src/domain/ids.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import type { Bridge, BridgeSettings } from '../../src/flows/bridge.ts';
import type { ReadSet } from '../../src/flows/people/read-set.ts';
import { createReadSet } from '../../src/flows/people/read-set.ts';
import type { ResolvedPeople } from '../../src/flows/people/resolve-people.ts';
import type { SenderGhost } from '../../src/flows/people/sender-ghost.ts';
import { resolvePeople } from '../../src/flows/people/resolve-people.ts';
import type { WantedPeople } from '../../src/mapping/fhir-to-matrix/participants.ts';
import type { DesiredMember } from '../../src/mapping/desired-room.ts';
import { ghostUserId } from '../../src/mapping/ghosts.ts';
import type { BearerRow, KnownPerson } from '../../src/store/people.ts';
import { clockAt, createBridge, SETTINGS as PLAIN_SETTINGS, unreachableFhir } from './bridge.ts';
import { ref, stored } from './fhir.ts';
import { userId } from './matrix.ts';
import { tables } from './payloads.ts';

const never = new AbortController().signal;
const ROLES = 'http://example.org/roles';
const NOW = '2025-09-26T12:00:00Z';
export const SETTINGS: BridgeSettings = {
  ...PLAIN_SETTINGS,
  serverName: 'h',
  bot: userId('@_fhir_bot:h'),
  trustedServers: new Set(['h', 'clinic.example']),
  levels: { ...PLAIN_SETTINGS.levels, roles: [{ system: ROLES, code: 'lead', level: 100 }] },
  namePolicy: 'initials',
};

/** Nobody, resolved. */
export const NO_PEOPLE: ResolvedPeople = {
  ...{ members: [], professionals: [], ghosts: [], moved: [] },
  ...{ overrides: new Map(), until: undefined },
};

export const ghost = (reference: string) =>
  ghostUserId(ref(reference), { key: SETTINGS.pseudonymizationKey, prefix: '_fhir_', serverName: 'h' });
export const to = (reference: string) => ({ reference });
export const coded = (code: string) => ({ coding: [{ system: ROLES, code }] });
export const at = (id: string) => ({
  system: 'url' as const,
  value: `matrix:u/${id.slice(1)}`,
});

/** Elements of resources, by reference. */
export type Resources = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a store may know of people. */
export type KnownPeople = Readonly<Record<string, Partial<KnownPerson>>>;

/** A bridge over a FHIR server and a store that hold these; `requests` are those that the server would get. */
export function bridgeOver(resources: Resources, people: KnownPeople = {}) {
  const requests: string[] = [];
  const find = (reference: string): StoredResource[] => {
    const over = resources[reference];
    return over === undefined ? [] : [stored(reference, '1', '2025-09-26T09:00:00Z', over)];
  };
  const fhir: Bridge['fhir'] = {
    ...unreachableFhir,
    readMany: (references) => {
      const types = [...new Set(references.map(typeOf))];
      requests.push(
        ...types.map(
          (type) =>
            `${type} ${references
              .filter((r) => typeOf(r) === type)
              .map(idOf)
              .join(',')}`,
        ),
      );
      return Promise.resolve(
        new Map(references.flatMap((reference) => find(reference).map((found) => [reference, found]))),
      );
    },
    searchAll: (type, query, limit) => {
      const [, value = ''] = query[0] ?? [];
      requests.push(`${type}?${query.map((pair) => pair.join('=')).join('&')}`);
      const all = Object.keys(resources)
        .filter((reference) => reference.startsWith(`${type}/`))
        .flatMap(find)
        .filter((role) =>
          value
            .split(',')
            .includes((role as { organization?: { reference?: string } }).organization?.reference ?? ''),
        );
      return Promise.resolve({ resources: all.slice(0, limit), complete: all.length <= limit });
    },
  };
  const known = new Map(
    Object.entries(people).map(([reference, over]): [FhirReference, KnownPerson] => [
      ref(reference),
      {
        ...{ reference: ref(reference), userId: ghost(reference), kind: 'ghost', source: 'ghost' },
        ...{ storedUserId: undefined, formerUserIds: [] },
        ...over,
      },
    ]),
  );
  // Never connected: the store asks no database.
  const bridge = createBridge(new pg.Pool(), {
    ...{ fhir, settings: SETTINGS, clock: clockAt(NOW) },
    store: {
      ...tables,
      forgottenPeople: { ...tables.forgottenPeople, findForgotten: () => Promise.resolve(new Map()) },
      people: {
        ...tables.people,
        findPeople: () => Promise.resolve(known),
        findBearers: (_db, userIds) => Promise.resolve(bearersIn(known, userIds)),
      },
    },
  });
  return { bridge, requests };
}

function bearersIn(known: ReadonlyMap<FhirReference, KnownPerson>, userIds: readonly MatrixUserId[]) {
  const rowsOf = (id: MatrixUserId): BearerRow[] =>
    [...known.values()]
      .filter(({ userId: own, claimedUserId, storedUserId }) =>
        [own, claimedUserId, storedUserId].includes(id),
      )
      .map(({ reference, userId: own, storedUserId }) => ({
        ...{ reference, holds: own === id, isStored: storedUserId === id },
      }));
  return new Map(userIds.map((id) => [id, rowsOf(id)]));
}

const want = (over: {
  people?: readonly string[];
  careTeams?: readonly string[];
  organizations?: readonly string[];
}): WantedPeople => ({
  people: (over.people ?? []).map((reference) => ({ reference: ref(reference), roles: [] })),
  careTeams: (over.careTeams ?? []).map(ref),
  organizations: (over.organizations ?? []).map(ref),
});

/** Resolves people, with what was read for it. */
export async function resolveWanted(
  bridge: Bridge,
  wanted: Parameters<typeof resolvePeople>[2],
): Promise<ResolvedPeople & { readonly reads: ReadSet }> {
  const reads = createReadSet(bridge.fhir, never);
  return { ...(await resolvePeople(bridge, reads, wanted, never)), reads };
}

/** Resolves people over these resources; with the requests it took, and what it depends on, sorted. */
export async function resolve(
  resources: Resources,
  wanted: Parameters<typeof want>[0],
  people: KnownPeople = {},
) {
  const { bridge, requests } = bridgeOver(resources, people);
  const { reads, ...resolved } = await resolveWanted(bridge, want(wanted));
  const dependencies = [...reads.dependencies()].sort();
  return {
    ...resolved,
    dependencies,
    requests,
    references: resolved.members.map(({ reference }) => reference),
  };
}

/** The only member they stand for. */
export async function resolveOne(...args: Parameters<typeof resolve>): Promise<DesiredMember> {
  const { members } = await resolve(...args);
  const [member] = members;
  if (member === undefined || members.length > 1)
    throw new Error(`Expected one member, got ${members.length}`);
  return member;
}

/** A ghost that is there, as a flow is given it. */
export const senderGhost = (userId: MatrixUserId, displayName: string): SenderGhost => ({
  ...{ userId, displayName },
  bring: () => Promise.resolve(),
});
