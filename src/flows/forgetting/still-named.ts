// Where FHIR still names a person as one who takes part: the next look at that space or room would bring them back.
import type { FhirReference } from '../../domain/ids.ts';
import type { Bridge } from '../bridge.ts';
import { expandPeople } from '../people/expand-people.ts';
import { createReadSet } from '../people/read-set.ts';
import { readDefinition } from '../structure/room-spec.ts';

/** So many are told of at most. */
const MOST_TOLD = 20;

/**
 * The CareTeams and CommunicationRequests with an open space or room that name any of these people, by themselves or by a team or an
 * organisation; at most 20. Those that are closed, or that may only be read, bring nobody back who was forgotten.
 */
export async function stillNamedBy(
  {
    clock,
    db,
    fhir,
    log,
    settings,
    store,
  }: Pick<Bridge, 'clock' | 'db' | 'fhir' | 'log' | 'settings' | 'store'>,
  people: readonly FhirReference[],
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  const reads = createReadSet(fhir, signal);
  const at = clock.now().getTime();
  const naming: FhirReference[] = [];
  for (const reference of await store.roomMembers.findDependents(db, people)) {
    const definition = await readDefinition(reads, reference);
    if (definition?.wanted.phase !== 'open') continue;
    const { named } = await expandPeople({ reads, at, log, settings }, definition.people(at));
    if (people.some((person) => named.has(person))) naming.push(reference);
    if (naming.length === MOST_TOLD) break;
  }
  return naming;
}
