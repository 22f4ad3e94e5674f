// The team for which a sender writes: read where the profile names it, and only there.
import { expect, test } from 'vitest';
import { actingTeamOf } from '../../../src/flows/messages/acting-team-of.ts';
import { FHIR_PROFILES } from '../../../src/mapping/fhir-profiles/profiles.ts';
import { clockAt, SETTINGS, unreachableFhir } from '../../builders/bridge.ts';
import { ref, stored } from '../../builders/fhir.ts';

const { signal } = new AbortController();
const STAMP = '2026-11-21T09:00:00Z';
const THREAD = stored('CommunicationRequest/2', '1', STAMP, {
  recipient: [{ reference: 'CareTeam/clinic' }, { reference: 'CareTeam/network' }],
});
const NURSE = { participant: [{ member: { reference: 'Practitioner/7' } }] };
const TEAMS = new Map([
  [ref('CareTeam/clinic'), stored('CareTeam/clinic', '1', STAMP, NURSE)],
  [
    ref('CareTeam/network'),
    stored('CareTeam/network', '1', STAMP, { ...NURSE, subject: { reference: 'Patient/1' } }),
  ],
]);

test.each([
  ['ozo-0.9', 'CareTeam/clinic', 2],
  ['ozo-0.7', undefined, 0],
  ['generic', undefined, 0],
] as const)('under %s it is %s', async (profile, expected, requests) => {
  let asked = 0;
  const fhir = {
    ...unreachableFhir,
    read: () => Promise.resolve(((asked += 1), THREAD)),
    readMany: () => Promise.resolve(((asked += 1), TEAMS)),
  };
  const bridge = { fhir, clock: clockAt(STAMP), settings: { ...SETTINGS, profile: FHIR_PROFILES[profile] } };
  expect(await actingTeamOf(bridge, ref('CommunicationRequest/2'), ref('Practitioner/7'), signal)).toBe(
    expected,
  );
  expect(asked).toBe(requests);
  expect(await actingTeamOf(bridge, ref('CommunicationRequest/2'), undefined, signal)).toBeUndefined();
});
