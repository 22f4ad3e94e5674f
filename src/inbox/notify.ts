// The wake-up of other replicas: a notification, sent when the transaction commits.
import type { Queryable } from './database.ts';

/** Its notifications say that a lane may have become ready. */
export const laneReadyChannel = 'inbox_lane_ready';

/**
 * Sends `payload` to the replicas listening on `channel`. Not durable, so write first and listen for wake-ups only;
 * PostgreSQL delivers equal messages of one transaction once.
 */
export async function notify(client: Queryable, channel: string, payload = ''): Promise<void> {
  await client.query('select pg_notify($1, $2)', [channel, payload]);
}
