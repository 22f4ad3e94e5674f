// The item that stands for something that came in and cannot be stored: it becomes a dead letter at once, so that an operator reads of it.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { NewItem } from '../../inbox/item.ts';
import { setAsideLane } from '../../mapping/lanes.ts';

export const setAsideItemSchema = z.object({
  kind: z.literal('set-aside'),
  /** What it is in the place of, such as `matrix.event`. */
  what: z.string(),
  /** A word, and never what stood in it. */
  reason: z.string(),
});
export type SetAsideItem = z.infer<typeof setAsideItemSchema>;

/** Ids as both sides make them; any other is told of by its digest. */
const SAFE_ID = /^[!-~ ]{1,600}$/;

/**
 * The item, stored once for each id.
 * @param id by which an operator finds it on its own server, such as an event id
 */
export function setAsideItem(what: string, { id, reason }: { id: string; reason: string }): NewItem {
  return {
    lane: setAsideLane(what),
    source: 'set-aside',
    sourceId: `${what} ${SAFE_ID.test(id) ? id : createHash('sha256').update(id).digest('base64url')}`,
    payload: { kind: 'set-aside', what, reason } satisfies SetAsideItem,
  };
}
