// The errors this folder throws, and the codes it gives to items that failed for a reason of its own.

/** The connection meant for the session goes through a pooler that changes servers between transactions. */
export class TransactionPoolerError extends Error {
  readonly code = 'INBOX_TRANSACTION_POOLER';

  /** For the log, which prints no message of an error that may quote data. */
  readonly advice: string;

  constructor() {
    const advice =
      'The session connection goes through a pooler in transaction mode (such as PgBouncer), where locks and ' +
      'notifications get lost. Give a connection URL that leads to PostgreSQL directly, or to a pool in session mode.';
    super(advice);
    this.advice = advice;
    this.name = 'TransactionPoolerError';
  }
}

/** Why an attempt's signal was aborted. */
export class SessionLostError extends Error {
  readonly code = 'INBOX_SESSION_LOST';

  constructor(reason: string) {
    super(`This replica may no longer work on its lanes: ${reason}`);
    this.name = 'SessionLostError';
  }
}

/** Codes of `ItemError`s made here; all others come from the handler. */
export const itemErrorCodes = {
  /** The handler threw instead of answering. */
  handlerThrew: 'INBOX_HANDLER_THREW',
  /** The item could not be taken off its lane, or what it records could not be written. */
  notAcknowledged: 'INBOX_NOT_ACKNOWLEDGED',
  /** Attempt after attempt ended with the process that made it. */
  ownersDied: 'INBOX_OWNERS_DIED',
} as const;
