// Tells whether an error says that the database is not there at the moment, from one that says that a statement is wrong.

/**
 * Classes of PostgreSQL's codes: the connection, a transaction that gave way, resources, locks, an operator or a restart, the system.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
const PASSING = /^(08|40|53|57|58)...$|^(55P03|25P0[34]|25006)$/;
/** Codes of Node.js; every other server is spoken to by a client that makes errors of the catalogue of them. */
const NETWORK = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'ETIMEDOUT',
]);
/** The driver and its pool give these errors no code. */
const DRIVER = new Set([
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Query read timeout',
  'timeout exceeded when trying to connect',
  'timeout expired',
]);

/** The driver gave up an answer that then came after all: the connection is of no more use. */
const OUT_OF_STEP = /^Received unexpected \w+ message from backend\.$/;

/** Whether a statement failed because of the moment, so that it may succeed later. */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (DRIVER.has(error.message) || OUT_OF_STEP.test(error.message) || isOutdatedPlan(error)) return true;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return NETWORK.has(code) || PASSING.test(code);
}

/** Whether PostgreSQL refused a prepared statement because a migration has changed its tables since: prepared anew, it runs. */
export function isOutdatedPlan(error: unknown): boolean {
  // The code stands for all that is not supported, and the text is in the language of the server.
  return fieldOf(error, 'code') === '0A000' && fieldOf(error, 'routine') === 'RevalidateCachedQuery';
}

function fieldOf(error: unknown, name: string): unknown {
  return typeof error === 'object' && error !== null ? (Reflect.get(error, name) as unknown) : undefined;
}
