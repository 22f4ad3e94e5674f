// Who leads a team: its own participations say it, and nobody else.
import { describe, expect, test } from 'vitest';
import type { CareTeam } from '../../../src/domain/fhir.ts';
import { ref } from '../../builders/fhir.ts';
import { bridgeOver, coded, resolveWanted, to } from '../../builders/people.ts';

describe('roles by which a team names its members', () => {
  const participant = [
    { member: to('PractitionerRole/a'), role: [coded('lead')] },
    { member: to('Patient/2'), role: [coded('lead')] },
  ];
  const resources = {
    'CareTeam/1': { participant },
    'PractitionerRole/a': { practitioner: to('Practitioner/1') },
  };
  const levels = async (team: string | undefined): Promise<readonly number[]> => {
    const { bridge } = bridgeOver(resources);
    const named = { people: [], careTeams: [ref('CareTeam/1')], organizations: [] };
    const own = team === undefined ? {} : { team: { resourceType: 'CareTeam', participant } as CareTeam };
    const { members } = await resolveWanted(bridge, { ...named, ...own });
    return members.map(({ level }) => level);
  };

  test('decide their level in its own rooms', async () => {
    expect(await levels('its own')).toEqual([100, 25]);
  });

  test('make no one a lead in rooms of others, in which the team takes part', async () => {
    expect(await levels(undefined)).toEqual([75, 25]);
  });
});
