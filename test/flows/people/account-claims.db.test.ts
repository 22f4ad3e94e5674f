// Whoever may write one person’s resource may name any account there: what such a claim gets them, and what not.
import { describe, expect, test } from 'vitest';
import type { FhirReference, MatrixUserId } from '../../../src/domain/ids.ts';
import type { Bridge } from '../../../src/flows/bridge.ts';
import { rememberPeople } from '../../../src/flows/people/resolve-people.ts';
import { whoIs } from '../../../src/flows/people/who-is.ts';
import * as people from '../../../src/store/people.ts';
import * as roomMembers from '../../../src/store/room-members.ts';
import { createBridge, unreachableHomeserver } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { userId } from '../../builders/matrix.ts';
import { at, bridgeOver, ghost, resolveWanted, SETTINGS, type Resources } from '../../builders/people.ts';
import { createRelayWorld, REQUEST } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const AN = userId('@an:h');
const claim = { telecom: [at(AN)] };
const VICTIM = ref('Practitioner/7');
const THIEF = ref('Practitioner/66');

interface Options {
  readonly settings?: Partial<Bridge['settings']>;
  readonly profiles?: Readonly<Record<string, Record<string, unknown>>>;
}

function bridgeWith(resources: Resources, { settings = {}, profiles = {} }: Options = {}): Bridge {
  const { fhir } = bridgeOver(resources).bridge;
  const profile = (id: MatrixUserId) => Promise.resolve(profiles[id] ?? {});
  const homeserver = { ...unreachableHomeserver, profile };
  return createBridge(pool(), { fhir, homeserver, settings: { ...SETTINGS, ...settings } });
}

const contested = async (bridge: Bridge) =>
  (await bridge.metrics.contestedAccounts.get()).values.map(({ value }) => value);

/** Resolves these people and records them, as a convergence does. @returns their accounts */
async function converge(bridge: Bridge, ...references: readonly FhirReference[]) {
  const named = references.map((reference) => ({ reference, roles: [] }));
  const resolved = await resolveWanted(bridge, { people: named, careTeams: [], organizations: [] });
  await rememberPeople(bridge, resolved);
  return {
    accounts: resolved.members.map((member) => member.userId),
    dependencies: [...resolved.reads.dependencies()].sort(),
  };
}

const whose = async (bridge: Bridge, room?: FhirReference) => {
  const found = await whoIs(bridge, AN, room, never);
  return found.kind === 'person' ? found.person : found.kind;
};

describe('an account that a second person claims', () => {
  const both = { [VICTIM]: claim, [THIEF]: claim };

  test('stays with who has it, and brings the other into no room', async () => {
    await converge(bridgeWith({ [VICTIM]: claim }), VICTIM);
    const bridge = bridgeWith(both);
    expect((await converge(bridge, THIEF)).accounts).toEqual([ghost(THIEF)]);
    expect((await converge(bridge, VICTIM)).accounts).toEqual([AN]);
    expect(await contested(bridge)).toEqual([1]);
  });

  test('is nobody’s where no membership says whose it is', async () => {
    await converge(bridgeWith({ [VICTIM]: claim }), VICTIM);
    expect(await whose(bridgeWith(both))).toBe(VICTIM);
    await converge(bridgeWith(both), THIEF);
    const bridge = bridgeWith(both);
    expect(await whose(bridge)).toBe('contested');
    expect(await contested(bridge)).toEqual([1]);
  });

  test('is the member’s in a room that has one', async () => {
    await converge(bridgeWith({ [VICTIM]: claim }), VICTIM);
    await converge(bridgeWith(both), THIEF);
    const room = ref('CareTeam/1');
    await pool().query(`insert into room (reference, alias) values ('CareTeam/1', '#a:h')`);
    await roomMembers.saveBase(pool(), room, new Map([[AN, VICTIM]]));
    expect(await whose(bridgeWith(both), room)).toBe(VICTIM);
  });

  test('is nobody’s when both come at one time, until one of them withdraws', async () => {
    const { accounts } = await converge(bridgeWith(both), VICTIM, THIEF);
    expect(accounts).toEqual([ghost(VICTIM), ghost(THIEF)]);
    const { dependencies } = await converge(bridgeWith(both), VICTIM);
    expect(dependencies).toContain(THIEF);
    expect((await converge(bridgeWith({ [VICTIM]: claim, [THIEF]: {} }), VICTIM)).accounts).toEqual([AN]);
  });

  test('goes to the second when the first withdraws', async () => {
    await converge(bridgeWith({ [VICTIM]: claim }), VICTIM);
    await converge(bridgeWith(both), THIEF);
    const given = bridgeWith({ [VICTIM]: {}, [THIEF]: claim });
    expect((await converge(given, THIEF)).accounts).toEqual([AN]);
    expect(await whose(given)).toBe(THIEF);
  });

  test('is theirs by an operator’s word, whoever claims it', async () => {
    await people.linkPerson(pool(), VICTIM, AN);
    const bridge = bridgeWith({ [VICTIM]: {}, [THIEF]: claim });
    expect((await converge(bridge, THIEF)).accounts).toEqual([ghost(THIEF)]);
    expect(await whose(bridge)).toBe(VICTIM);
  });

  test('is one person’s where a role publishes it too, or both bear a common number', async () => {
    const role = { ...claim, practitioner: { reference: VICTIM } };
    const asRole = { [VICTIM]: claim, 'PractitionerRole/1': role };
    expect((await converge(bridgeWith(asRole), ref('PractitionerRole/1'), VICTIM)).accounts).toEqual([AN]);
    const numbered = {
      ...claim,
      identifier: [{ system: 'http://fhir.nl/fhir/NamingSystem/uzi', value: '9' }],
    };
    const twice = { [VICTIM]: numbered, 'Practitioner/8': numbered };
    expect((await converge(bridgeWith(twice), VICTIM, ref('Practitioner/8'))).accounts).toEqual([AN]);
    expect(await whose(bridgeWith(twice))).toBe(VICTIM);
  });
});

test('a message of an account that two claim is recorded with the account alone, and who writes is told', async () => {
  const world = await createRelayWorld(pool());
  const account = userId('@nurse:example.org');
  await roomMembers.saveBase(pool(), REQUEST, new Map());
  world.fhir.stored.set(THIEF, stored(THIEF, '1', '2026-11-29T12:00:00Z', { telecom: [at(account)] }));
  const row = { reference: THIEF, userId: ghost(THIEF), kind: 'ghost', source: 'ghost' } as const;
  await people.savePeople(pool(), [{ ...row, claimedUserId: account }]);
  const { next } = await world.toFhir();
  expect([...world.fhir.stored.values()].at(-1)).toMatchObject({
    sender: { identifier: { value: 'matrix:u/nurse:example.org' } },
  });
  expect(next.map(({ payload }) => payload)).toMatchObject([{ reason: 'unmapped-sender' }]);
});

describe('an account of one’s own homeserver', () => {
  const elsewhere = userId('@an:clinic.example');
  const operator = { settings: { ownAccounts: 'operator' as const } };
  const bothSides = (profile: Record<string, unknown>) => ({
    settings: { ownAccounts: 'both-sides' as const },
    profiles: { [AN]: profile },
  });
  const says = (fhirRef: string) => ({ 'custom.user_mappings': { fhirRef } });

  test.each<[string, Options, MatrixUserId]>([
    ['under `directory` is whose FHIR says', {}, AN],
    ['under `operator` is not, whatever FHIR says', operator, ghost(VICTIM)],
    ['under `both-sides` is not while it says nothing', bothSides({}), ghost(VICTIM)],
    ['under `both-sides` is not when it says another', bothSides(says(THIEF)), ghost(VICTIM)],
    ['under `both-sides` is when it says the same', bothSides(says(VICTIM)), AN],
  ])('%s', async (_, options, expected) => {
    const bridge = bridgeWith({ [VICTIM]: claim }, options);
    expect((await converge(bridge, VICTIM)).accounts).toEqual([expected]);
    expect(await whose(bridge)).toBe(expected === AN ? VICTIM : 'unknown');
  });

  test('under `operator` is theirs to whom the operator gave it', async () => {
    await people.linkPerson(pool(), VICTIM, AN);
    const bridge = bridgeWith({ [VICTIM]: {} }, operator);
    expect((await converge(bridge, VICTIM)).accounts).toEqual([AN]);
    expect(await whose(bridge)).toBe(VICTIM);
  });

  test('no policy concerns accounts of other servers', async () => {
    const bridge = bridgeWith({ [VICTIM]: { telecom: [at(elsewhere)] } }, operator);
    expect((await converge(bridge, VICTIM)).accounts).toEqual([elsewhere]);
  });
});
