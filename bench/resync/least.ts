// The least that the two APIs allow for a new team, to hold the bridge's own calls against.
//
// Counted are calls that belong to a team. Not counted is what goes on without any team and brings news of all of
// them at once: `/sync`, the ping, and the FHIR server's pages by `_lastUpdated`, which bring CareTeams and
// CommunicationRequests whole, so that these need not be read again.
import { TEAM } from './care-teams.ts';

const ROOMS = 1 + TEAM.conversations;

/** Calls by operation, as the counters name them. */
export const LEAST_CALLS: Readonly<Record<string, number>> = {
  // A ghost is an account, a device (without which transaction ids are forgotten) and a name: one call each. One that
  // logs in with its registration would have a device at once, but appservices are not to log in any more (MSC4190).
  'POST /register': TEAM.ghosts,
  'PUT /devices/{deviceId}': TEAM.ghosts,
  'PUT /profile/{userId}/{field}': TEAM.ghosts,
  // With power levels, name, links to the space and all invitations in it. The bridge invites people with an account
  // afterwards all the same (one call per room), so that they are never shown a room that is half-made.
  'POST /createRoom': ROOMS,
  // Nobody can be made to join.
  'POST /rooms/{roomId}/join': TEAM.ghosts * ROOMS,
  // The space's list of its rooms, whose ids are not known before they are made; and every professional's own
  // `custom.user_mappings`, since state under a user's id is set by that user alone.
  'PUT /rooms/{roomId}/state/{type}/{key}': TEAM.conversations + TEAM.professionalGhosts * ROOMS,
  'PUT /rooms/{roomId}/send/{type}/{txnId}': TEAM.conversations,
  // The people, with one search that includes them.
  'GET /CareTeam': 1,
};

/** All of them. */
export const LEAST_CALLS_IN_ALL = sum(Object.values(LEAST_CALLS));

/** Tells whether an operation belongs to a team. */
export function isOfTeam(operation: string): boolean {
  return !/\/sync|\/ping|_lastUpdated|\/Subscription|\/metadata/.test(operation);
}

/** The sum of some numbers. */
export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
