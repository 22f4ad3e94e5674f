// The body of a pushed transaction → its parts, each with the id under which it is stored once.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { MatrixEvent } from '../domain/matrix.ts';
import { isShallow, matrixEventSchema, sortOut, storable, type SetAsideEvent } from './event-schema.ts';

/** An ephemeral event or to-device message, which has no id of its own. */
export interface IdlessEvent {
  readonly sourceId: string;
  /** The room it belongs to, or the user it is for. */
  readonly scope: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** Something that cannot be stored, under an id by which it can be told of. */
export interface SetAside {
  /** Of the event; else of its place. */
  readonly id: string;
  readonly reason: string;
}

/** What a transaction carries. */
export interface TransactionParts {
  readonly events: readonly MatrixEvent[];
  readonly ephemeral: readonly IdlessEvent[];
  readonly toDevice: readonly IdlessEvent[];
  /** What stands among the events and cannot be stored. */
  readonly setAside: readonly SetAside[];
}

const list = z.array(z.unknown()).optional();
const object = z.record(z.string(), z.unknown());
const bodySchema = z.looseObject({
  events: list,
  ephemeral: list,
  'de.sorunome.msc2409.ephemeral': list,
  to_device: list,
  'de.sorunome.msc2409.to_device': list,
});

/**
 * Reads the body; stable names of fields come before unstable ones.
 * https://spec.matrix.org/v1.19/application-service-api/#put_matrixappv1transactionstxnid
 * @returns undefined when the body is no transaction at all
 */
export function readTransaction(body: unknown, txnId: string): TransactionParts | undefined {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  const { events, setAside } = sortOut(matrixEventSchema, data.events ?? []);
  return {
    events,
    ephemeral: (data.ephemeral ?? data['de.sorunome.msc2409.ephemeral'] ?? []).flatMap((event, index) =>
      // Equal receipts may be two receipts: the transaction and the place in it distinguish them.
      idless(event, 'room_id', [txnId, String(index)]),
    ),
    toDevice: (data.to_device ?? data['de.sorunome.msc2409.to_device'] ?? []).flatMap((event) =>
      readToDevice(event),
    ),
    setAside: named(setAside, `transaction ${txnId}`),
  };
}

/**
 * Reads a to-device message. The pushed and the synced copy of one message get the same id.
 * @param to the recipient, for messages from `/sync`, which do not name it
 */
export function readToDevice(
  event: unknown,
  to: Readonly<Record<string, unknown>> = {},
): readonly IdlessEvent[] {
  const parsed = object.safeParse(event);
  return parsed.success ? idless({ ...to, ...parsed.data }, 'to_user_id', []) : [];
}

function idless(event: unknown, scopeKey: string, salt: readonly string[]): readonly IdlessEvent[] {
  const parsed = object.safeParse(event);
  // What has no id, and nothing uses, is not worth an operator's time.
  if (!parsed.success || !isShallow(parsed.data)) return [];
  const content = storable(parsed.data);
  const scope = typeof content[scopeKey] === 'string' ? content[scopeKey] : 'none';
  const sourceId = createHash('sha256')
    .update(JSON.stringify([...salt, sortKeys(content)]))
    .digest('base64url');
  return [{ sourceId, scope, content }];
}

/** Events that cannot be stored, each by its own id, or by where it stood. */
export function named(setAside: readonly SetAsideEvent[], place: string): readonly SetAside[] {
  return setAside.map(({ eventId, reason }, index) => ({ id: eventId ?? `${place} ${index}`, reason }));
}

/** The pushed and the synced copy may have another order of keys. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, child]) => [key, sortKeys(child)]),
  );
}
