// How a flow ended → the outcome that the inbox commits: what is recorded, what happened, and what is handled next.
import type { Enqueue } from '../inbox/enqueue.ts';
import type { Item, Outcome, RecordEffect } from '../inbox/item.ts';
import type { AuditTrail } from './audit-trail.ts';
import type { Commit, FlowOutcome } from './outcome.ts';

/** How the handling of an item ended: as its flow says, or with a failure. */
export type Ended = FlowOutcome | Outcome;

interface Deps {
  readonly enqueue: Enqueue;
  readonly auditTrail: AuditTrail;
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

/**
 * Items come last: `enqueue` locks their lanes, may be called once per transaction, and holds them up until the commit. What
 * happened is an item among them, so it is stored with the acknowledgement of the item that tells it, or not at all.
 */
function recordOf(
  { record, next = [], facts = [] }: Commit,
  item: Item,
  { enqueue, auditTrail }: Deps,
): { record?: RecordEffect } {
  const told = auditTrail.itemsOf(item, facts);
  const hasNext = typeof next === 'function' || next.length + told.length > 0;
  if (!hasNext) return record === undefined ? {} : { record };
  return {
    async record(tx) {
      await record?.(tx);
      await enqueue(tx, [...(typeof next === 'function' ? await next(tx) : next), ...told]);
    },
  };
}
