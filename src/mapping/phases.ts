// The status of a CareTeam or CommunicationRequest → what may still happen in its space or room.

/** `open` to its members, `read-only` (all may read, none may write), or `closed` (nobody but the bridge is left). */
export type Phase = 'open' | 'read-only' | 'closed';

/**
 * What a status asks for: whether a room is made that is not there yet, and the phase of one that is.
 * A resource goes back and forth between phases; all are reversible.
 */
export interface Wanted {
  readonly make: boolean;
  readonly phase: Phase;
}

const OPEN: Wanted = { make: true, phase: 'open' };
const NOT_YET: Wanted = { make: false, phase: 'read-only' };
const PAUSED: Wanted = { make: false, phase: 'read-only' };
const ARCHIVED: Wanted = { make: true, phase: 'read-only' };
const CLOSED: Wanted = { make: false, phase: 'closed' };

/** For a CareTeam (value set care-team-status); a missing status counts as active. */
export function wantedForCareTeam(status: string | undefined): Wanted {
  switch (status) {
    case 'proposed':
      return NOT_YET;
    case 'suspended':
      return PAUSED;
    case 'inactive':
    case 'entered-in-error':
      return CLOSED;
    default:
      return OPEN;
  }
}

/**
 * For a CommunicationRequest (value set request-status). A completed one is made all the same: its first message was
 * never read. A revoked one is not: it was taken back before anyone saw it.
 */
export function wantedForRequest(status: string | undefined): Wanted {
  switch (status) {
    case 'draft':
      return NOT_YET;
    case 'on-hold':
    case 'revoked':
      return PAUSED;
    case 'completed':
      return ARCHIVED;
    case 'entered-in-error':
      return CLOSED;
    default:
      return OPEN;
  }
}
