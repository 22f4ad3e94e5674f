// The section `powerLevels`: who has which power in spaces and rooms.
import { z } from 'zod';
import { TEAM_ROLE_SYSTEM } from '../domain/fhir.ts';
import { count } from './fields.ts';

const powerLevel = (description: string, fallback: number): z.ZodDefault<z.ZodNumber> =>
  count(description, { fallback, max: 100, min: 0 });

const SNOMED = 'http://snomed.info/sct';

export const powerLevels = z.strictObject({
  practitioner: powerLevel('Practitioners and PractitionerRoles.', 75),
  organization: powerLevel('Organizations that take part as such.', 75),
  relatedPerson: powerLevel('RelatedPersons.', 50),
  patient: powerLevel('Patients.', 25),
  roles: z
    .array(
      z.strictObject({
        system: z.string().optional(),
        code: z.string(),
        level: z.number().int().min(0).max(100),
      }),
    )
    .default([
      { system: TEAM_ROLE_SYSTEM, code: 'primary', level: 100 },
      ...['158965000', '223366009', '224535009', '36682004', '46255001'].map((code) => ({
        system: SNOMED,
        code,
        level: 75,
      })),
    ])
    .meta({
      description:
        'Levels of professionals by role code; the highest counts. A level above that of practitioners needs a system, and is given only by the team itself (CareTeam.participant.role); others also by PractitionerRole.code. Patients and relatives never get one.',
    }),
});

/** A code of any system, which anyone may mean otherwise, makes no lead. */
export function* levelFaults({ practitioner, roles }: z.output<typeof powerLevels>): Generator<string> {
  for (const [index, { system, code, level }] of roles.entries()) {
    if (system === undefined && level > practitioner)
      yield `powerLevels.roles.${index}.system: got nothing for ${JSON.stringify(code)}, expected the code system, since its level ${level} is above powerLevels.practitioner`;
  }
}
