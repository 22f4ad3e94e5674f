// The order in which a space lists its rooms: as they began, and among equals as they were made.
import { instantOf } from './periods.ts';

/** What the place of a room in the list of its space is made of. */
export interface ChildPlace {
  /** When the conversation began, as `authoredAt` gives it. */
  readonly authoredAt: string | undefined;
  /** The number of the room. */
  readonly number: number;
}

/** The longest order that counts. https://spec.matrix.org/v1.19/client-server-api/#mspacechild */
const ORDER = /^[\x20-\x7e]{1,50}$/;
/** An order that the bridge gave. */
const OWN_ORDER = /^(?:~|\d{4}-[-\d:.T]+Z) \d{10}$/;
const FOUR_DIGITS = /^\d{4}-/;

/** When a conversation began, in a form that sorts as text; undefined where its request does not say it. */
export function authoredAt(authoredOn: string | undefined): string | undefined {
  const instant = instantOf(authoredOn);
  const text = Number.isNaN(instant) ? '' : new Date(instant).toISOString();
  return FOUR_DIGITS.test(text) ? text : undefined;
}

/** The `order` of a room in `m.space.child`. Conversations without a beginning come last. */
export function childOrder({ authoredAt: at = '~', number }: ChildPlace): string {
  return `${at} ${number.toString().padStart(10, '0')}`;
}

/**
 * Whether a room has a place in the list that is to stay: the wanted one, or one that a user gave it. An order that clients
 * take no notice of is none.
 */
export function hasPlace(order: unknown, wanted: unknown): boolean {
  if (typeof order !== 'string' || !ORDER.test(order)) return false;
  return order === wanted || !OWN_ORDER.test(order);
}
