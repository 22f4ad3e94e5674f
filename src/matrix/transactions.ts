// The body of a pushed transaction → what the bridge uses of it. All else, such as typing and to-device messages, is left unread.
import { z } from 'zod';
import type { RoomId } from '../domain/ids.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { matrixEventSchema, sortOut, type SetAsideEvent } from './event-schema.ts';
import { receiptsIn, type Receipt } from './receipts.ts';

/** Something that cannot be stored, under an id by which it can be told of. */
export interface SetAside {
  /** Of the event; else of its place. */
  readonly id: string;
  readonly reason: string;
}

/** What a transaction carries. */
export interface TransactionParts {
  readonly events: readonly MatrixEvent[];
  readonly receipts: readonly Receipt[];
  /** What stands among the events and cannot be stored. */
  readonly setAside: readonly SetAside[];
}

const list = z.array(z.unknown()).optional();
const bodySchema = z.looseObject({ events: list, ephemeral: list, 'de.sorunome.msc2409.ephemeral': list });
const inRoomSchema = z.looseObject({ room_id: z.string().transform((id) => id as RoomId) });

/**
 * Reads the body; stable names of fields come before unstable ones.
 * https://spec.matrix.org/v1.19/application-service-api/#put_matrixappv1transactionstxnid
 * @returns undefined when the body is no transaction at all
 */
export function readTransaction(body: unknown, txnId: string): TransactionParts | undefined {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) return undefined;
  const { events = [], ephemeral, 'de.sorunome.msc2409.ephemeral': unstable } = parsed.data;
  const sorted = sortOut(matrixEventSchema, events);
  return {
    events: sorted.events,
    receipts: (ephemeral ?? unstable ?? []).flatMap(receiptsOf),
    setAside: named(sorted.setAside, `transaction ${txnId}`),
  };
}

function receiptsOf(ephemeral: unknown): readonly Receipt[] {
  const inRoom = inRoomSchema.safeParse(ephemeral).data;
  return inRoom === undefined ? [] : receiptsIn(inRoom.room_id, [inRoom]);
}

/** Events that cannot be stored, each by its own id, or by where it stood. */
export function named(setAside: readonly SetAsideEvent[], place: string): readonly SetAside[] {
  return setAside.map(({ eventId, reason }, index) => ({ id: eventId ?? `${place} ${index}`, reason }));
}
