// An item became a dead letter → the sender of its event is told so (rule 4), in the transaction that makes it one.
import type { ClientBase } from 'pg';
import type { Fact } from '../domain/facts.ts';
import type { NewItem, OnDeadLetter } from '../inbox/item.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import type { Bridge } from './bridge.ts';
import { isStateChange } from './from-matrix/state-change.ts';
import { eventItemSchema } from './items/event.ts';
import { changeItemSchema } from './items/fhir-change.ts';
import { noticeItem } from './items/notice.ts';

type Reporting = Pick<Bridge, 'auditTrail' | 'enqueue' | 'settings' | 'store'>;

/** Creates what is done when an item becomes a dead letter. */
export function createReportFailure(bridge: Reporting): OnDeadLetter {
  const { auditTrail, enqueue } = bridge;
  return async (tx, item, { code }) => {
    const facts = await factsOfFailure(bridge, tx, item.payload, code);
    await enqueue(tx, [...noticesOf(bridge, item.payload), ...auditTrail.itemsOf(item, facts)]);
  };
}

function noticesOf({ settings }: Reporting, payload: unknown): readonly NewItem[] {
  const event = eventItemSchema.safeParse(payload).data?.event;
  if (event === undefined || isOwnUser(settings, event.sender)) return [];
  const { room_id: roomId, sender: about } = event;
  const reason = isStateChange(event) ? 'change-not-filed' : 'not-filed';
  return [noticeItem({ roomId, about, reason })];
}

/** What people or platforms did, and was not carried. Of an AuditEvent there is none: no audit of the audit. */
async function factsOfFailure(
  { store, settings }: Reporting,
  tx: ClientBase,
  payload: unknown,
  code: string,
): Promise<readonly Fact[]> {
  const change = changeItemSchema.safeParse(payload).data;
  if (change !== undefined) return [{ kind: 'failed', code, by: {}, on: change }];
  const event = eventItemSchema.safeParse(payload).data?.event;
  if (event === undefined || isOwnUser(settings, event.sender)) return [];
  const use = await store.roomUses.findRoomUse(tx, event.room_id);
  const room = 'room' in use ? use.room : undefined;
  const by = { userId: event.sender, person: await store.people.findPersonByUserId(tx, event.sender) };
  return [
    {
      ...{ kind: 'failed', code, by, eventId: event.event_id, at: event.origin_server_ts },
      ...(room !== undefined && { on: { reference: room.reference }, subject: room.subject }),
    },
  ];
}
