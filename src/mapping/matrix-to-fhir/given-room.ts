// Whether a room that others made may become the space or room of a resource: by who made it, and who is in it.
import type { MatrixUserId } from '../../domain/ids.ts';
import type { DesiredRoom } from '../desired-room.ts';
import type { Danger } from './room-dangers.ts';
import type { RoomFacts } from './room-request.ts';

/** The levels from which on one may make a team's space, and a conversation. */
const MAKERS = { space: 100, conversation: 50 } as const;

interface Makers {
  /** Accounts whose rooms are taken over, such as the bot of a bridge before this one. */
  readonly formerMakers: ReadonlySet<string>;
  readonly isOwn: (userId: MatrixUserId) => boolean;
}

/** A room of others. */
export type GivenRoom = RoomFacts & {
  readonly dangers: readonly Danger[];
  /** Whether the bridge has the power to keep it in order. */
  readonly canBeKept: boolean;
};

/**
 * Whether it may: its maker is a member with the level for that, or a bridge before; no one is in it whom FHIR does not have
 * there, since they would read along; it is of the same kind and safe; and the bridge has the power to keep it so.
 */
export function mayGiveRoom(
  facts: GivenRoom,
  { kind, members }: Pick<DesiredRoom, 'kind' | 'members'>,
  { formerMakers, isOwn }: Makers,
): boolean {
  const { creator } = facts;
  if (creator === undefined || facts.dangers.length > 0) return false;
  // What a bridge before could do there, its operator can give.
  if (!facts.canBeKept && !formerMakers.has(creator)) return false;
  if (facts.isSpace !== (kind === 'space')) return false;
  const isMaker = members.some(({ userId, level }) => userId === creator && level >= MAKERS[kind]);
  const known = new Set<MatrixUserId>(
    members.flatMap(({ userId, formerUserIds }) => [userId, ...formerUserIds]),
  );
  const isKnown = (userId: MatrixUserId): boolean =>
    known.has(userId) || isOwn(userId) || formerMakers.has(userId);
  return (isMaker || formerMakers.has(creator)) && facts.members.every(isKnown);
}
