// How a flow ends: what is committed with the item that started it, and what happened.
import type { ClientBase } from 'pg';
import type { Fact } from '../domain/facts.ts';
import type { FhirReference, MatrixUserId } from '../domain/ids.ts';
import type { NewItem, RecordEffect } from '../inbox/item.ts';
import type { IgnoredReason } from './ignored-reasons.ts';

/** What is committed in the one transaction that takes the item off its lane. */
export interface Commit {
  /** What is to be written. */
  readonly record?: RecordEffect;
  /** What is to be handled next; stored after `record`, all of it at once. A function finds it in the same transaction. */
  readonly next?: readonly NewItem[] | ((tx: ClientBase) => Promise<readonly NewItem[]>);
  /** What happened, for the audit trail. */
  readonly facts?: readonly Fact[];
}

/** How a flow ended; what failed is thrown as a BridgeError. */
export type FlowOutcome =
  | ({ readonly kind: 'done' } & Commit)
  /** Nothing was to be done, for this reason. */
  | ({ readonly kind: 'ignored'; readonly reason: IgnoredReason } & Commit)
  /** Not yet, and that is no failure: the item is handled again after so many milliseconds. */
  | { readonly kind: 'later'; readonly afterMs: number };

/** The outcome, with further items to be handled next; they come before its own. */
export function andNext<Outcome extends Commit>(
  outcome: Outcome,
  further: (tx: ClientBase) => Promise<readonly NewItem[]>,
): Outcome {
  const { next = [] } = outcome;
  return {
    ...outcome,
    next: async (tx: ClientBase) => [
      ...(await further(tx)),
      ...(typeof next === 'function' ? await next(tx) : next),
    ],
  };
}

/**
 * The end of a flow that refuses what a user asked for.
 * @param reference the resource that it was about
 */
export function refused(
  reason: IgnoredReason,
  userId: MatrixUserId,
  reference: FhirReference,
): Extract<FlowOutcome, { kind: 'ignored' }> {
  return { kind: 'ignored', reason, facts: [{ kind: 'refused', reason, by: { userId }, on: { reference } }] };
}
