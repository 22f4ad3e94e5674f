// Matrix events and ids for tests: what a test does not name is a plain text message by a nurse.
import type { EventId, MatrixUserId, RoomId } from '../../src/domain/ids.ts';
import type { MatrixEvent } from '../../src/domain/matrix.ts';

export const BOT = userId('@_fhir_bot:example.org');

export function userId(id: string): MatrixUserId {
  return id as MatrixUserId;
}

export function roomId(id: string): RoomId {
  return id as RoomId;
}

export function eventId(id: string): EventId {
  return id as EventId;
}

/** A message; `over` names what the test is about. */
export function message(over: Partial<Record<keyof MatrixEvent, unknown>> = {}): MatrixEvent {
  return {
    event_id: '$event:example.org',
    room_id: '!room:example.org',
    sender: '@nurse:example.org',
    type: 'm.room.message',
    origin_server_ts: Date.UTC(2025, 8, 26, 9, 30, 15, 250),
    content: { msgtype: 'm.text', body: 'Good morning' },
    ...over,
  } as MatrixEvent;
}
