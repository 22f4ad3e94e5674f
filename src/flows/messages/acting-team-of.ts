// For which team of an organisation a sender writes, where the FHIR server's profile wants messages to name it.
import type { CareTeam } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import { actingTeam, teamPartiesOf } from '../../mapping/matrix-to-fhir/acting-team.ts';
import type { Bridge } from '../bridge.ts';

/** The team; read anew for each message, since people come and go. @returns undefined where none is to be named */
export async function actingTeamOf(
  { fhir, clock, settings }: Pick<Bridge, 'clock' | 'fhir' | 'settings'>,
  conversation: FhirReference,
  sender: FhirReference | undefined,
  signal: AbortSignal,
): Promise<FhirReference | undefined> {
  if (settings.profile.actingTeamExtension === undefined || sender === undefined) return undefined;
  const request = await fhir.read(conversation, signal);
  if (request?.resourceType !== 'CommunicationRequest') return undefined;
  const found = await fhir.readMany(teamPartiesOf(request), signal);
  const teams = new Map<FhirReference, CareTeam>();
  for (const [reference, team] of found) if (team.resourceType === 'CareTeam') teams.set(reference, team);
  return actingTeam(teams, sender, clock.now().getTime());
}
