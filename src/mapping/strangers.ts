// What becomes of members of a room whom neither FHIR nor a directory knows.
//
// The model is the federation of the German TI-Messenger: homeservers stand on a list, and no one else takes part.
// https://github.com/gematik/api-ti-messenger
import { serverNameOf, type MatrixUserId } from '../domain/ids.ts';
import type { StateEvent } from '../domain/matrix.ts';
import type { DesiredRoom } from './desired-room.ts';
import { earliest } from './periods.ts';

/** `remove` after a grace, say so in the room (`notice`), or do nothing. */
export type StrangerPolicy = 'remove' | 'notice' | 'allow';

/** The operator's choice, by the homeserver that a stranger is of. */
export interface StrangerRules {
  readonly fromTrustedServers: StrangerPolicy;
  readonly fromOtherServers: StrangerPolicy;
  /** For so long a stranger may stay, so that FHIR can be told who they are. */
  readonly graceMs: number;
}

/** What is to be done about the strangers of a room. */
export interface StrangerDecision {
  readonly leaving: ReadonlySet<MatrixUserId>;
  /** Whose grace begins. */
  readonly newcomers: readonly MatrixUserId[];
  /** Who is told that nobody knows them, and stays. */
  readonly told: readonly MatrixUserId[];
  /** When the next grace is over, in milliseconds since the epoch. */
  readonly until: number | undefined;
}

export const NO_STRANGERS: StrangerDecision = {
  ...{ leaving: new Set(), newcomers: [], told: [], until: undefined },
};

/** The users in a room, or invited to it, whom FHIR does not have there under any of their accounts. */
export function unnamedMembers(
  { members }: Pick<DesiredRoom, 'members'>,
  actual: readonly StateEvent[],
  isExempt: (userId: MatrixUserId) => boolean,
): readonly MatrixUserId[] {
  const named = new Set<MatrixUserId>(
    members.flatMap(({ userId, formerUserIds }) => [userId, ...formerUserIds]),
  );
  return actual
    .filter(({ type, content }) => type === 'm.room.member' && isIn(content['membership']))
    .map(({ state_key: userId }) => userId as MatrixUserId)
    .filter((userId) => !named.has(userId) && !isExempt(userId));
}

function isIn(membership: unknown): boolean {
  return membership === 'join' || membership === 'invite' || membership === 'knock';
}

/**
 * Decides about strangers.
 * @param seen since when each is known to be one, in milliseconds since the epoch; undefined for who has just come
 * @param now milliseconds since the epoch
 */
export function decideStrangers(
  seen: ReadonlyMap<MatrixUserId, number | undefined>,
  rules: StrangerRules,
  isTrusted: (server: string) => boolean,
  now: number,
): StrangerDecision {
  const policyOf = (userId: MatrixUserId): StrangerPolicy =>
    isTrusted(serverNameOf(userId)) ? rules.fromTrustedServers : rules.fromOtherServers;
  const under = (policy: StrangerPolicy): (readonly [MatrixUserId, number | undefined])[] =>
    [...seen].filter(([userId]) => policyOf(userId) === policy);
  const ends = under('remove').map(([userId, since = now]) => ({ userId, end: since + rules.graceMs }));
  return {
    leaving: new Set(ends.filter(({ end }) => end <= now).map(({ userId }) => userId)),
    newcomers: under('remove')
      .filter(([, since]) => since === undefined)
      .map(([userId]) => userId),
    told: under('notice').map(([userId]) => userId),
    until: earliest(ends.map(({ end }) => (end > now ? end : undefined))),
  };
}
