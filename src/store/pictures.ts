// The table of pictures that were uploaded to the homeserver.
import { selectColumn, type Queryable } from './database.ts';

/** Where a picture is; undefined until it was uploaded. @param digest of what is drawn in it */
export async function findPicture(db: Queryable, digest: string): Promise<string | undefined> {
  const [url] = await selectColumn<string>(db, 'select url from picture where digest = $1', [digest]);
  return url;
}

/** Records where a picture is. @returns where it is: of two uploads at the same time, the first counts */
export async function savePicture(db: Queryable, digest: string, url: string): Promise<string> {
  // The update changes nothing, but makes the statement return the existing row too.
  const sql = `insert into picture (digest, url) values ($1, $2)
    on conflict (digest) do update set digest = excluded.digest returning url`;
  const [first] = await selectColumn<string>(db, sql, [digest, url]);
  if (first === undefined) throw new Error('An upsert of a picture returned no row');
  return first;
}
