// The parties of a conversation: each has one Task, which any of its readers completes.
import type { FhirReference } from '../../domain/ids.ts';
import { mayReferTo, type FhirProfile } from '../fhir-profiles/fhir-profile.ts';

/** A party of a conversation. */
export interface Party {
  /** Who owns the Task: a person, a team or an organisation. */
  readonly owner: FhirReference;
  /** The people whose reading or answer completes it, by all references to them. */
  readonly readers: ReadonlySet<FhirReference>;
  /** The team as which they read; undefined for a person on their own account. */
  readonly team: FhirReference | undefined;
}

/** A person, by the reference that stands for them and all others (their roles). */
export interface PartyMember {
  readonly reference: FhirReference;
  readonly alsoKnownAs: readonly FhirReference[];
}

/** A team without a patient, or an organisation, with its people. */
export interface PartyTeam {
  readonly reference: FhirReference;
  readonly members: readonly PartyMember[];
}

/** The parties, each owner once. */
export function partiesFrom(
  individuals: readonly PartyMember[],
  teams: readonly PartyTeam[],
  profile: Pick<FhirProfile, 'readState' | 'targets'>,
): readonly Party[] {
  const parties = [
    ...individuals.map((person): Party => ({
      owner: person.reference,
      readers: new Set(namesOf(person)),
      team: undefined,
    })),
    ...teams.flatMap(({ reference: team, members }): readonly Party[] => {
      const readers = new Set(members.flatMap(namesOf));
      return profile.readState.organizationalTeamTask === 'the-team'
        ? [{ owner: team, readers, team }]
        : members.map(({ reference }) => ({ owner: reference, readers, team }));
    }),
  ];
  const allowed = parties.filter(({ owner }) => mayReferTo(profile, 'Task.owner', owner));
  return [...Map.groupBy(allowed, ({ owner }) => owner).values()].map(merged);
}

const namesOf = ({ reference, alsoKnownAs }: PartyMember): readonly FhirReference[] => [
  reference,
  ...alsoKnownAs,
];

/** Who is named alone and as a member has one Task, for either. */
function merged(parties: readonly Party[]): Party {
  const [first] = parties;
  if (first === undefined) throw new TypeError('A group has a first one');
  const readers = new Set(parties.flatMap((party) => [...party.readers]));
  return { ...first, readers, team: parties.find(({ team }) => team !== undefined)?.team };
}
