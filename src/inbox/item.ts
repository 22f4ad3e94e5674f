// The vocabulary of the log: what goes in, what a handler gets, and what it answers.
import type { ClientBase } from 'pg';

/** Something to be stored; `source` and `sourceId` together say what it is, and are stored once. */
export interface NewItem {
  /** Items of one lane are handled one after the other, in the order stored; lanes do not wait for each other. */
  readonly lane: string;
  readonly source: string;
  readonly sourceId: string;
  /** Stored as JSON. */
  readonly payload: unknown;
  /** Of this much may come at once, and it can wait: a lane with nothing else in it has to be content with a share of the slots. */
  readonly isBulk?: boolean;
}

/** A stored item. */
export interface Item {
  readonly lane: string;
  /** Its place in the lane: later items have higher ones, but not every number need be taken. */
  readonly position: number;
  readonly source: string;
  readonly sourceId: string;
  readonly payload: unknown;
  readonly receivedAt: Date;
}

/** One go at handling an item. */
export interface Attempt {
  /** 1 for the first; an attempt that ended with its process counts. */
  readonly number: number;
  /**
   * An earlier attempt may have had its effect without anyone having recorded so: its replica died, it threw, or it
   * could not be acknowledged. Stays true until the item is acknowledged. Look before you act.
   */
  readonly inDoubt: boolean;
  /** Aborted when this replica may no longer work on the lane: another one may be doing so already. */
  readonly signal: AbortSignal;
}

/** What is known of earlier attempts at the same item. */
export interface History {
  readonly attempts: number;
  /** How many of them did not fail: they put the item off to later, or ended with their replica. */
  readonly delays: number;
  /** How many of the last attempts ended with their replica. */
  readonly ownersDied: number;
  /** How many of them failed with each code. */
  readonly failedWith: Readonly<Record<string, number>>;
  /** When the first of them failed, on the monotonic clock; undefined without any. */
  readonly failingSinceMs: number | undefined;
  readonly inDoubt: boolean;
}

/** Why an attempt failed. Stored and logged: neither may contain message contents or patient data. */
export interface ItemError {
  readonly code: string;
  readonly message: string;
}

/** The error as the database takes it: text without the NUL character, and of bounded length. */
export function toStorable({ code, message }: ItemError): ItemError {
  const clean = (text: string, length: number): string => text.replaceAll('\0', '').slice(0, length);
  return { code: clean(code, 100), message: clean(message, 2000) };
}

/**
 * Something to be written in the very transaction that takes the item off its lane. Statements only: it holds the lane's
 * lock, may be run again when PostgreSQL made the transaction give way, and is ended after a pause of 5 s.
 */
export type RecordEffect = (transaction: ClientBase) => Promise<void>;

/** How an attempt ended. */
export type Outcome =
  | { readonly kind: 'done'; readonly record?: RecordEffect }
  /** Nothing was to be done, for this reason. */
  | { readonly kind: 'ignored'; readonly reason: string; readonly record?: RecordEffect }
  /** Not yet, and that is no failure: the whole lane waits for so long. */
  | { readonly kind: 'later'; readonly afterMs: number }
  /**
   * Not now: the whole lane waits, for `afterMs` if given, else as the retry policy says. After `most` attempts that failed with
   * this code the item becomes a dead letter; attempts that failed with another do not count.
   */
  | { readonly kind: 'retry'; readonly error: ItemError; readonly afterMs?: number; readonly most?: number }
  /** Never: the item becomes a dead letter and the lane goes on. */
  | { readonly kind: 'dead'; readonly error: ItemError; readonly record?: RecordEffect };

/** Handles one item. Throwing counts as a `retry` that leaves the item in doubt. */
export type Handle = (item: Item, attempt: Attempt) => Promise<Outcome>;

/** Called when it is written down what came of an attempt, and how many milliseconds that took. */
export type OnRecorded = (item: Item, outcome: Outcome, tookMs: number) => void;

/** Called in the transaction that makes an item a dead letter; may enqueue. */
export type OnDeadLetter = (transaction: ClientBase, item: Item, error: ItemError) => Promise<void>;
