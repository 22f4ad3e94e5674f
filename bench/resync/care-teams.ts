// The care teams of the benchmark: eight people and three conversations each, written in transactions of many teams.
import { matrixTelecom } from '../../stack/demo/care-network.ts';

type Resource = Readonly<Record<string, unknown>> & { readonly resourceType: string; readonly id: string };

/** What a team is made of; `least.ts` counts with it. */
export const TEAM = {
  /** Four professionals, one of them named by a role in an organisation; two relatives; the patient. */
  ghosts: 7,
  professionalGhosts: 4,
  /** A professional with an account of their own. */
  users: 1,
  conversations: 3,
} as const;

const TEAMS_PER_TRANSACTION = 10;

/** Writes teams numbered from 0, past all caches and proxies. */
export async function writeCareTeams(
  fhirUrl: string,
  teams: readonly { readonly id: string; readonly userId: string }[],
): Promise<void> {
  await transact(fhirUrl, [
    { resourceType: 'Organization', id: 'organization', name: 'Home care Amstel', active: true },
  ]);
  for (let start = 0; start < teams.length; start += TEAMS_PER_TRANSACTION) {
    const some = teams.slice(start, start + TEAMS_PER_TRANSACTION);
    await transact(
      fhirUrl,
      some.flatMap(({ id, userId }) => careTeamResources(id, userId)),
    );
  }
}

/** The aliases' localparts of a team's space and rooms. */
export function aliasesOfTeam(id: string): readonly string[] {
  return [
    `careteam/${id}`,
    ...conversationIds(id).map((conversation) => `communicationrequest/${conversation}`),
  ];
}

/** A team with its people and conversations. */
function careTeamResources(id: string, userId: string): readonly Resource[] {
  const patient = `Patient/${id}-client`;
  const professionals = [1, 2, 3, 4].map((number) => ({
    resourceType: 'Practitioner',
    id: `${id}-professional-${number}`,
    name: [{ given: ['Noor'], family: `Bakker ${id} ${number}` }],
  }));
  const relatives = ['daughter', 'son'].map((who) => ({
    resourceType: 'RelatedPerson',
    id: `${id}-${who}`,
    patient: { reference: patient },
    name: [{ given: ['Kim'], family: 'de Vries' }],
  }));
  const role = {
    resourceType: 'PractitionerRole',
    id: `${id}-role`,
    practitioner: { reference: `Practitioner/${id}-professional-4` },
    organization: { reference: 'Organization/organization' },
  };
  const withAccount = {
    resourceType: 'Practitioner',
    id: `${id}-nurse`,
    name: [{ text: 'Nurse with an account' }],
    telecom: [matrixTelecom(userId)],
  };
  const participants = [
    ...[1, 2, 3].map((number) => `Practitioner/${id}-professional-${number}`),
    ...[`PractitionerRole/${role.id}`, `Practitioner/${withAccount.id}`],
    ...relatives.map((relative) => `RelatedPerson/${relative.id}`),
    patient,
  ];
  const careTeam = {
    resourceType: 'CareTeam',
    id,
    status: 'active',
    subject: { reference: patient },
    participant: participants.map((reference) => ({ member: { reference } })),
  };
  const conversations = conversationIds(id).map((conversation) => ({
    resourceType: 'CommunicationRequest',
    id: conversation,
    status: 'active',
    subject: { reference: patient },
    requester: { reference: `RelatedPerson/${id}-daughter` },
    recipient: [{ reference: `CareTeam/${id}` }],
    authoredOn: '2026-11-21T10:00:00Z',
    payload: [{ contentString: 'Good morning' }],
  }));
  const client = {
    resourceType: 'Patient',
    id: `${id}-client`,
    name: [{ given: ['Jan'], family: 'de Vries' }],
  };
  return [client, ...professionals, ...relatives, role, withAccount, careTeam, ...conversations];
}

function conversationIds(id: string): readonly string[] {
  return Array.from({ length: TEAM.conversations }, (_, index) => `${id}-conversation-${index + 1}`);
}

async function transact(fhirUrl: string, resources: readonly Resource[]): Promise<void> {
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }));
  const response = await fetch(fhirUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`Writing care teams: ${response.status} ${text.slice(0, 500)}`);
}
