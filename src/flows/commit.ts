// How a flow ended → the outcome that the inbox commits: what is recorded, what happened, and what is handled next.
import type { ClientBase } from 'pg';
import type { Fact } from '../domain/facts.ts';
import type { enqueue } from '../inbox/enqueue.ts';
import type { Item, Outcome, RecordEffect } from '../inbox/item.ts';
import type { Commit, FlowOutcome } from './outcome.ts';

/** Writes what happened, in the transaction that takes the item off its lane. Statements only; it may be run again. */
export type OnFacts = (tx: ClientBase, item: Item, facts: readonly Fact[]) => Promise<void>;

/** How the handling of an item ended: as its flow says, or with a failure. */
export type Ended = FlowOutcome | Outcome;

interface Deps {
  readonly enqueue: typeof enqueue;
  readonly onFacts: OnFacts | undefined;
}

/** The outcome of an item. Without anything to write it has no `record`, so that the inbox can commit many at a time. */
export function toInboxOutcome(ended: Ended, item: Item, deps: Deps): Outcome {
  switch (ended.kind) {
    case 'done':
      return { kind: 'done', ...recordOf(ended, item, deps) };
    case 'ignored':
      return { kind: 'ignored', reason: ended.reason, ...recordOf(ended, item, deps) };
    case 'later':
    case 'retry':
    case 'dead':
      return ended;
  }
}

/** Items come last: `enqueue` locks their lanes, may be called once per transaction, and holds them up until the commit. */
function recordOf(
  { record, next = [], facts = [] }: Commit,
  item: Item,
  { enqueue, onFacts }: Deps,
): { record?: RecordEffect } {
  const told = facts.length > 0 ? onFacts : undefined;
  const hasNext = typeof next === 'function' || next.length > 0;
  if (told === undefined && !hasNext) return record === undefined ? {} : { record };
  return {
    async record(tx) {
      await record?.(tx);
      await told?.(tx, item, facts);
      if (hasNext) await enqueue(tx, typeof next === 'function' ? await next(tx) : next);
    },
  };
}
