// The table of people who were forgotten: who they were, nobody can tell from it.
import { columnsOf, select, type Queryable } from './database.ts';

/** A person who was forgotten. */
export interface ForgottenPerson {
  /** A keyed hash of their reference. */
  readonly digest: string;
  /** How many ghosts of theirs were given up. */
  readonly ghosts: number;
}

/** Those of these people who were forgotten, by digest, with the number of ghosts that each has given up. */
export async function findForgotten(
  db: Queryable,
  digests: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const sql = 'select digest, ghosts from forgotten_person where digest = any ($1)';
  const found = await select<ForgottenPerson>(db, sql, [digests]);
  return new Map(found.map(({ digest, ghosts }) => [digest, ghosts]));
}

/** Records that people are forgotten. The number of ghosts that one has given up never goes back. */
export async function saveForgotten(db: Queryable, people: readonly ForgottenPerson[]): Promise<void> {
  const sql = `insert into forgotten_person (digest, ghosts) select * from unnest($1::text[], $2::int[])
    on conflict (digest) do update
    set ghosts = greatest(forgotten_person.ghosts, excluded.ghosts), forgotten_at = now()`;
  await db.query(sql, columnsOf(people, 'digest', 'ghosts'));
}
