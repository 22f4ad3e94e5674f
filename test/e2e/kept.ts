// What the servers of the stack keep: texts from the homeservers' databases, and every file among the logs.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';

/** Where a homeserver keeps what others than the people in a room may see; each statement gives one text a row. */
export const HOMESERVER_PLACES = {
  // Past ones too: what was replaced is still sent to whoever asks, and to other homeservers.
  'state events': `select json as text from state_events join event_json using (event_id)`,
  'events that are neither state nor messages': `
    select json as text from events join event_json using (event_id)
    where type <> 'm.room.message' and event_id not in (select event_id from state_events)`,
  'room aliases': `select room_alias as text from room_aliases`,
  profiles: `select concat_ws(' ', full_user_id, displayname, avatar_url) as text from profiles`,
  'accounts and devices': `
    select concat_ws(' ', name, device_id, display_name) as text from users left join devices on user_id = name`,
} as const;

/** What people wrote: personal data may be there, and nowhere else. */
export const MESSAGES = `
  select json as text from events join event_json using (event_id) where type = 'm.room.message'`;

/** The texts that a statement finds in a homeserver's database. */
export async function readTexts(databaseUrl: string, statement: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<{ text: string }>(statement)).rows.map(({ text }) => text);
  } finally {
    await client.end();
  }
}

/** A file among the logs, by its path below their folder. */
export interface KeptFile {
  readonly path: string;
  readonly text: string;
}

/** Every file among the logs, however deep. */
export async function readFiles(folder: string): Promise<readonly KeptFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    paths
      .toSorted()
      .map(async (path) => ({ path: path.slice(folder.length + 1), text: await readFile(path, 'utf8') })),
  );
}
