// The messages that Synapse has, read from its database: they say when each was stored, and reading them takes none of its time.
import pg from 'pg';
import { z } from 'zod';

/** A message in a room. */
export interface RoomMessage {
  readonly roomId: string;
  readonly eventId: string;
  readonly sender: string;
  readonly content: Readonly<Record<string, unknown>>;
  /** When Synapse stored it; what the event itself says may be what the bridge told it. */
  readonly storedMs: number;
}

/** Reads messages. */
export interface RoomMessages {
  /** Of some rooms, stored since then, in the order of the rooms. */
  since(ms: number, roomIds: readonly string[]): Promise<readonly RoomMessage[]>;
  countSince(ms: number, roomIds: readonly string[]): Promise<number>;
  end(): Promise<void>;
}

const eventSchema = z.object({ content: z.record(z.string(), z.unknown()) });

const OF_ROOMS = `e.type = 'm.room.message' and e.received_ts >= $1 and e.room_id = any($2)`;

interface Row {
  readonly room_id: string;
  readonly event_id: string;
  readonly sender: string;
  readonly received_ts: string;
  readonly json: string;
}

/** Connects. @param databaseUrl of Synapse */
export async function openRoomMessages(databaseUrl: string): Promise<RoomMessages> {
  const db = new pg.Client({ connectionString: databaseUrl });
  await db.connect();
  return {
    async since(ms, roomIds) {
      const { rows } = await db.query<Row>(
        `select e.room_id, e.event_id, e.sender, e.received_ts, j.json
         from events e join event_json j on j.event_id = e.event_id
         where ${OF_ROOMS} order by e.stream_ordering`,
        [ms, roomIds],
      );
      return rows.map((row) => ({
        ...{ roomId: row.room_id, eventId: row.event_id, sender: row.sender },
        content: eventSchema.parse(JSON.parse(row.json)).content,
        storedMs: Number(row.received_ts),
      }));
    },
    async countSince(ms, roomIds) {
      const { rows } = await db.query<{ many: string }>(
        `select count(*) as many from events e where ${OF_ROOMS}`,
        [ms, roomIds],
      );
      return Number(rows[0]?.many);
    },
    end: () => db.end(),
  };
}
