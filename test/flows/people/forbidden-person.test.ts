// A person who may not be read is nameless and keeps their account; whoever else may not be read is an error.
import { expect, test } from 'vitest';
import type { FhirReference } from '../../../src/domain/ids.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import {
  at,
  bridgeOver,
  ghost,
  resolveWanted,
  type KnownPeople,
  type Resources,
} from '../../builders/people.ts';
import { ref } from '../../builders/fhir.ts';
import { userId } from '../../builders/matrix.ts';

const JAN = { telecom: [at('@jan:h')], name: [{ text: 'Jan' }] };

/** As `bridgeOver`, but these may not be read. */
function bridgeWith(resources: Resources, forbidden: readonly string[], people: KnownPeople = {}) {
  const { bridge } = bridgeOver(resources, people);
  const refusal = new BridgeError('fhir-forbidden', 'read: 403');
  const readMany: typeof bridge.fhir.readMany = async (references, signal, onForbidden) => {
    const isForbidden = (each: FhirReference) => forbidden.includes(each);
    for (const each of references.filter(isForbidden)) {
      if (onForbidden === undefined) throw refusal;
      onForbidden(each, refusal);
    }
    return bridge.fhir.readMany(
      references.filter((each) => !isForbidden(each)),
      signal,
    );
  };
  return { ...bridge, fhir: { ...bridge.fhir, readMany } };
}
const wanted = (...references: readonly string[]) => ({
  people: references.map((reference) => ({ reference: ref(reference), roles: [] })),
  ...{ careTeams: [], organizations: [] },
});
const RESOURCES = { 'Practitioner/1': JAN, 'Patient/2': {}, 'PractitionerRole/3': {} };

test('a person who may not be read is a nameless ghost among the others', async () => {
  const bridge = bridgeWith(RESOURCES, ['Patient/2']);
  const { members, ghosts } = await resolveWanted(bridge, wanted('Practitioner/1', 'Patient/2'));
  expect(members.map((member) => member.userId)).toEqual(['@jan:h', ghost('Patient/2')]);
  expect(ghosts).toMatchObject([{ displayName: 'Client', isGuess: true }]);
});

test('who has an account, keeps it meanwhile', async () => {
  const known: KnownPeople = {
    'Practitioner/1': {
      ...{ userId: userId('@jan:h'), kind: 'user', source: 'telecom' },
      claimedUserId: userId('@jan:h'),
    },
  };
  const bridge = bridgeWith(RESOURCES, ['Practitioner/1'], known);
  const { members, moved } = await resolveWanted(bridge, wanted('Practitioner/1'));
  expect(members).toMatchObject([{ userId: '@jan:h', kind: 'user', formerUserIds: [] }]);
  expect(moved).toEqual([]);
});

test('a role or team that may not be read is an error: those whom it brings in would be taken for gone', async () => {
  const bridge = bridgeWith(RESOURCES, ['PractitionerRole/3', 'CareTeam/4']);
  await expect(resolveWanted(bridge, wanted('PractitionerRole/3'))).rejects.toThrow('fhir-forbidden');
  const team = { ...wanted(), careTeams: [ref('CareTeam/4')] };
  await expect(resolveWanted(bridge, team)).rejects.toThrow('fhir-forbidden');
});
