// The events of a room that tell who a ghost is: its names and pictures through the years, its mapping to a person, and where they
// are a professional, the names that the room had.
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import { USER_MAPPINGS_TYPE, type MatrixEvent } from '../../domain/matrix.ts';
import type { Bridge } from '../bridge.ts';
import type { Redactable } from './redact-each.ts';

const MEMBER_TYPE = 'm.room.member';
const NAME_TYPE = 'm.room.name';
/** Of a hundred events of these types each. */
const MOST_PAGES = 500;

/** Who is looked for, and by whom. */
export interface Sought {
  readonly roomId: RoomId;
  readonly viewer: MatrixUserId;
  readonly ghosts: readonly MatrixUserId[];
  /** Whether former names of the room count: they name its professionals. */
  readonly formerNames: boolean;
}

/**
 * Those that were not redacted yet. What a redaction leaves of a membership is the membership.
 * https://spec.matrix.org/v1.19/rooms/v11/#redactions
 */
export async function tellingEvents(
  homeserver: Pick<Bridge['homeserver'], 'messagesBefore'>,
  { roomId, viewer, ghosts, formerNames }: Sought,
  signal: AbortSignal,
): Promise<readonly Redactable[]> {
  const told: MatrixEvent[] = [];
  const names: MatrixEvent[] = [];
  const types = [MEMBER_TYPE, USER_MAPPINGS_TYPE, ...(formerNames ? [NAME_TYPE] : [])];
  let from: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await homeserver.messagesBefore(viewer, roomId, { from, types }, signal);
    told.push(...page.events.filter((event) => isAbout(ghosts, event) && tellsWho(event)));
    names.push(...page.events.filter(({ type, sender }) => type === NAME_TYPE && sender === viewer));
    if (page.end === undefined || page.end === from) break;
    from = page.end;
  }
  const [, ...former] = names;
  return [...told, ...former.filter(tellsWho)].map(({ event_id: eventId, sender }) => ({ eventId, sender }));
}

function isAbout(ghosts: readonly MatrixUserId[], { state_key: key }: MatrixEvent): boolean {
  return ghosts.some((ghost) => ghost === key);
}

function tellsWho({ type, content }: MatrixEvent): boolean {
  if (type === MEMBER_TYPE) return Object.keys(content).some((key) => key !== 'membership');
  return Object.keys(content).length > 0;
}
