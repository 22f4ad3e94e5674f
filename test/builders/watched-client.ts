// A connection to the database whose statements a test sees, and may let fail.
import type { ClientBase } from 'pg';

/** The same connection, with its statements made by another function. */
export function withQuery(
  client: ClientBase,
  query: (statement: string, values?: unknown[]) => Promise<unknown>,
): ClientBase {
  return new Proxy(client, {
    get: (target, key, receiver) =>
      key === 'query' ? query : (Reflect.get(target, key, receiver) as unknown),
  });
}
