// The status of a CareTeam or CommunicationRequest → what may happen in its space or room.

/** `open` to its members, `read-only` (members may read, but not write), or `closed` (only the bridge is in it). */
export type Phase = 'open' | 'read-only' | 'closed';

/** What a status means: whether a missing room is created, and the phase of an existing one. All phases are reversible. */
export interface Wanted {
  readonly make: boolean;
  readonly phase: Phase;
}

const OPEN: Wanted = { make: true, phase: 'open' };
const NOT_YET: Wanted = { make: false, phase: 'read-only' };
const PAUSED: Wanted = { make: false, phase: 'read-only' };
const ARCHIVED: Wanted = { make: true, phase: 'read-only' };
const CLOSED: Wanted = { make: false, phase: 'closed' };

const CARE_TEAM = new Map([
  ['proposed', NOT_YET],
  ['suspended', PAUSED],
  ['inactive', CLOSED],
  ['entered-in-error', CLOSED],
]);

const REQUEST = new Map([
  ['draft', NOT_YET],
  ['on-hold', PAUSED],
  ['revoked', PAUSED],
  ['completed', ARCHIVED],
  ['entered-in-error', CLOSED],
]);

/**
 * For the status of a CareTeam; a missing one counts as active.
 * https://hl7.org/fhir/R4/valueset-care-team-status.html
 */
export function wantedForCareTeam(status = 'active'): Wanted {
  return CARE_TEAM.get(status) ?? OPEN;
}

/**
 * For the status of a CommunicationRequest. A completed one still gets a room, because its first message was not read yet. A
 * revoked one gets none: it was withdrawn before anyone saw it.
 * https://hl7.org/fhir/R4/valueset-request-status.html
 */
export function wantedForRequest(status = 'active'): Wanted {
  return REQUEST.get(status) ?? OPEN;
}
