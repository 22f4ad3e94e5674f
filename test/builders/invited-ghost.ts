// A room of another organisation that a ghost was invited to: the bridge serves it, and the bot is not in it.
import type pg from 'pg';

/** Records the invitation. */
export async function inviteGhost(pool: pg.Pool, roomId: string): Promise<void> {
  const sql = `insert into invitation (room_id, user_id, event_id, inviter, subject)
    values ($1, '@_fhir_7:example.org', $1, '@nurse:other.example', 'Patient/1')`;
  await pool.query(sql, [roomId]);
}
