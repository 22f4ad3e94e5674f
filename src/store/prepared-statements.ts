// PostgreSQL reads and plans a statement once for each connection, instead of each time that it is run.
// https://www.postgresql.org/docs/current/sql-prepare.html
import { createHash } from 'node:crypto';
import type pg from 'pg';
import { isOutdatedPlan } from '../telemetry/database-failure.ts';

/** Statements that one connection keeps prepared. The bridge has a few hundred; more would be texts that are made anew each time. */
const MOST_PREPARED = 1_000;
/** From which run on: what runs once, such as at the start, is not kept. */
const PREPARED_FROM_RUN = 3;

/**
 * Lets a connection prepare what it runs often. The arguments of its `query` are the same as before.
 * A connection whose statements do not fit the tables any more, because a migration has changed them, is broken: the pool opens another.
 */
export function prepareStatements(client: Pick<pg.Client, 'connection' | 'query'>): void {
  client.connection.on('errorMessage', (error: unknown) => {
    if (isOutdatedPlan(error)) client.connection.stream.destroy();
  });
  const named = createNaming();
  const query = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
  const preparing = (...args: readonly unknown[]): unknown => query(...named(args));
  Object.assign(client, { query: preparing });
}

/** Gives the driver a name for a statement with values, from its third run on. Others have none: they may be several in one text. */
export function createNaming(most = MOST_PREPARED): (args: readonly unknown[]) => readonly unknown[] {
  const names = new Map<string, { readonly name: string; runs: number }>();
  const nameOf = (text: string): string | undefined => {
    const known = names.get(text);
    if (known === undefined) {
      if (names.size < most) names.set(text, { name: hashOf(text), runs: 1 });
      return undefined;
    }
    known.runs += 1;
    return known.runs >= PREPARED_FROM_RUN ? known.name : undefined;
  };
  return (args) => {
    const [text, values, ...rest] = args;
    if (typeof text !== 'string' || !Array.isArray(values) || values.length === 0) return args;
    const name = nameOf(text);
    return name === undefined ? args : [{ name, text, values }, ...rest];
  };
}

/** Two texts with one name would be refused by the driver; PostgreSQL keeps 63 characters of a name. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
