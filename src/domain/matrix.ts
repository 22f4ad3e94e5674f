// The Matrix shapes that the bridge reads and writes. https://spec.matrix.org/v1.19/client-server-api/
import type { EventId, MatrixUserId, RoomId } from './ids.ts';

/** An event in client format, as it comes with a transaction or from `/sync`. */
export interface MatrixEvent {
  readonly event_id: EventId;
  readonly room_id: RoomId;
  readonly sender: MatrixUserId;
  readonly type: string;
  /** Milliseconds since the epoch by the clock of the sending server, which may be wrong. */
  readonly origin_server_ts: number;
  readonly state_key?: string | undefined;
  readonly content: Readonly<Record<string, unknown>>;
  /** The event that a redaction removes, in rooms before version 11. */
  readonly redacts?: unknown;
  /** What the own homeserver adds, such as that the event was redacted. */
  readonly unsigned?: unknown;
}

/** A state event to be set: what `initial_state` of createRoom and `PUT /state` take. */
export interface StateEvent {
  readonly type: string;
  readonly state_key: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Content of `m.room.power_levels`. */
export interface PowerLevels {
  readonly users: Readonly<Record<string, number>>;
  readonly users_default: number;
  readonly events: Readonly<Record<string, number>>;
  readonly events_default: number;
  readonly state_default: number;
  readonly invite: number;
  readonly kick: number;
  readonly ban: number;
  readonly redact: number;
  readonly notifications: Readonly<Record<string, number>>;
}

/** The event-content key under which every message of the bridge carries its delivery id. */
export const DELIVERY_ID_KEY = 'io.github.fhir-matrix-bridge.delivery_id';

/** The creation-content key that says which bridge made a room, and for what. */
export const ROOM_MARKER_KEY = 'io.github.fhir-matrix-bridge.room';

/**
 * The key in an invitation's `m.room.member` content that holds the patient's pseudonym.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#-cliënt-associatie
 */
export const INVITE_CONTEXT_KEY = 'nl-ta-chat.invite.context';

/** The state event that says which FHIR person a member is; its state key is their user id. https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md */
export const USER_MAPPINGS_TYPE = 'custom.user_mappings';

/** Where a pushed transaction stands in the sequence. */
export interface PushOrder {
  /** The number of the transaction; undefined where it is none, or says nothing of the order. */
  readonly number: number | undefined;
  /** When the connection on which it came was first seen, by the database's clock. */
  readonly connectedAt: Date;
}
