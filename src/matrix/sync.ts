// The homeserver operations that follow all rooms of a user: `/sync` with what was said, or only with where something was.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import type { MatrixClient } from './client.ts';
import { roomEventSchema, sortOut, strippedEventSchema, wellFormed } from './event-schema.ts';
import { invitationIn, type Invitation } from './invitations.ts';
import { receiptsIn, type Receipt } from './receipts.ts';
import { named, type SetAside } from './transactions.ts';

/** What is asked for. */
export interface SyncQuestion {
  /** The token to go on from; without one, only the token of this moment is of use. */
  readonly since: string | undefined;
  /** Whether receipts are shown too. */
  readonly receipts: boolean;
}

/** What every answer holds. */
export interface SyncAnswer {
  /** The token to go on from. */
  readonly position: string;
  readonly receipts: readonly Receipt[];
  /** Of the user. */
  readonly invitations: readonly Invitation[];
}

/** A room as an answer shows it. */
export interface ShownRoom {
  readonly roomId: RoomId;
  /** The latest, oldest first. */
  readonly events: readonly MatrixEvent[];
  /** What stood among them and cannot be stored. */
  readonly setAside: readonly SetAside[];
}

/** What was said in rooms. */
export interface SaidAnswer extends SyncAnswer {
  /** Those that are shown whole. */
  readonly rooms: readonly ShownRoom[];
  /** Those where more has happened than is shown. */
  readonly behind: readonly RoomId[];
}

/** Where something was said. */
export interface ChangedAnswer extends SyncAnswer {
  readonly behind: readonly RoomId[];
}

const timelineSchema = z.object({ events: z.array(z.unknown()), limited: z.boolean().optional() });
type Timeline = z.output<typeof timelineSchema>;

const joinedSchema = z.object({
  timeline: timelineSchema.optional(),
  ephemeral: z.object({ events: z.array(z.unknown()) }).optional(),
});
const invitedSchema = z.object({ invite_state: z.object({ events: wellFormed(strippedEventSchema) }) });
const answerSchema = z.object({
  next_batch: z.string(),
  rooms: z
    .object({
      join: z.record(z.string(), joinedSchema).optional(),
      invite: z.record(z.string(), invitedSchema).optional(),
    })
    .optional(),
});
type RawAnswer = z.output<typeof answerSchema>;

/** So many events of a room are shown; one with more is read on by itself. */
const SHOWN_EVENTS = 100;
/** The first answer, or one after a long time, takes the homeserver a while. Others are soon there, or were lost on the way. */
const LONGEST_TIMEOUT_MS = 60_000;
const SHORTEST_TIMEOUT_MS = 15_000;

/** Creates the operations on a client. */
export function createSync(client: Pick<MatrixClient, 'get'>) {
  let timeoutMs = LONGEST_TIMEOUT_MS;
  const ask = async (
    as: MatrixUserId,
    { since, receipts }: SyncQuestion,
    shown: { readonly limit: number; readonly fields?: readonly string[] },
    signal?: AbortSignal,
  ): Promise<RawAnswer> => {
    const query = { filter: filterOf(receipts, shown), timeout: 0, set_presence: 'offline', since };
    const patience = { timeoutMs: since === undefined ? LONGEST_TIMEOUT_MS : timeoutMs };
    timeoutMs = Math.min(2 * timeoutMs, LONGEST_TIMEOUT_MS);
    const answer = await client.get('sync', ['sync'], answerSchema, { as, query, signal, ...patience });
    timeoutMs = SHORTEST_TIMEOUT_MS;
    return answer;
  };
  return {
    /** What was said in the user's rooms since a token. The answer grows with what was. */
    async sync(as: MatrixUserId, question: SyncQuestion, signal?: AbortSignal): Promise<SaidAnswer> {
      const answer = await ask(as, question, { limit: SHOWN_EVENTS }, signal);
      const timelines = timelinesIn(answer);
      return {
        ...restOf(as, answer),
        rooms: timelines.flatMap(([roomId, timeline]) =>
          timeline.limited === true ? [] : [shownRoom(roomId, timeline, answer.next_batch)],
        ),
        behind: timelines.flatMap(([roomId, { limited }]) => (limited === true ? [roomId] : [])),
      };
    },

    /** In which of the user's rooms something was said since a token. The answer grows with the number of those rooms only. */
    async changedRooms(
      as: MatrixUserId,
      question: SyncQuestion,
      signal?: AbortSignal,
    ): Promise<ChangedAnswer> {
      const answer = await ask(as, question, { limit: 1, fields: ['event_id'] }, signal);
      const changed = timelinesIn(answer).filter(
        ([, { events, limited }]) => limited === true || events.length > 0,
      );
      return { ...restOf(as, answer), behind: changed.map(([roomId]) => roomId) };
    },
  };
}

/**
 * Only what the reader needs of the bot's rooms. Invitations and to-device messages come with every filter.
 * https://spec.matrix.org/v1.19/client-server-api/#filtering
 */
function filterOf(
  receipts: boolean,
  { limit, fields }: { readonly limit: number; readonly fields?: readonly string[] },
): string {
  const nothing = { not_types: ['*'] };
  return JSON.stringify({
    ...(fields !== undefined && { event_fields: fields }),
    ...{ presence: nothing, account_data: nothing },
    room: {
      ...{ account_data: nothing, state: nothing },
      ephemeral: receipts ? { types: ['m.receipt'] } : nothing,
      timeline: { limit },
    },
  });
}

function timelinesIn({ rooms }: RawAnswer): readonly (readonly [RoomId, Timeline])[] {
  return Object.entries(rooms?.join ?? {}).flatMap(([id, { timeline }]) =>
    timeline === undefined ? [] : [[id as RoomId, timeline] as const],
  );
}

function shownRoom(roomId: RoomId, timeline: Timeline, position: string): ShownRoom {
  const { events, setAside } = sortOut(roomEventSchema, timeline.events);
  return {
    roomId,
    events: events.map((event) => ({ ...event, room_id: roomId })),
    setAside: named(setAside, `${position} ${roomId}`),
  };
}

function restOf(as: MatrixUserId, { next_batch: position, rooms }: RawAnswer): SyncAnswer {
  return {
    position,
    receipts: Object.entries(rooms?.join ?? {}).flatMap(([roomId, { ephemeral }]) =>
      receiptsIn(roomId as RoomId, ephemeral?.events ?? []),
    ),
    invitations: Object.entries(rooms?.invite ?? {}).flatMap(
      ([roomId, { invite_state: state }]) => invitationIn(roomId, as, state.events) ?? [],
    ),
  };
}
