// An item became a dead letter → who wrote it is told so (rule 4), in the transaction that makes it one, and the audit trail.
import type { ClientBase } from 'pg';
import type { Fact } from '../domain/facts.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import type { UndeliveredReason } from '../domain/undelivered.ts';
import type { Item, NewItem, OnDeadLetter } from '../inbox/item.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import { errorCatalogue, isErrorCode } from '../telemetry/errors.ts';
import type { Bridge } from './bridge.ts';
import { isStateChange } from './from-matrix/state-change.ts';
import { eventItemSchema } from './items/event.ts';
import { changeItemSchema } from './items/fhir-change.ts';
import { tellFailure, tellSender } from './messages/tell-sender.ts';
import { reportFailure, type NoticeFailure } from './messages/undelivered.ts';

type Reporting = NoticeFailure & Pick<Bridge, 'auditTrail' | 'enqueue'>;

/** Creates what is done when an item becomes a dead letter. */
export function createReportFailure(bridge: Reporting): OnDeadLetter {
  const { auditTrail, enqueue } = bridge;
  return async (tx, item, { code }) => {
    const reports = await reportsOf(bridge, tx, item, code);
    const facts = await factsOfFailure(bridge, tx, item.payload, code);
    await enqueue(tx, [...reports, ...auditTrail.itemsOf(item, facts)]);
  };
}

/** To the sender of an event, or to the platform of a Communication. */
async function reportsOf(
  bridge: Reporting,
  tx: ClientBase,
  { payload, sourceId: cause }: Item,
  code: string,
): Promise<readonly NewItem[]> {
  const event = eventItemSchema.safeParse(payload).data?.event;
  if (event !== undefined)
    return isOwnUser(bridge.settings, event.sender) ? [] : tell(bridge, tx, event, code);
  const change = changeItemSchema.safeParse(payload).data;
  return change?.resourceType === 'Communication'
    ? reportFailure(bridge, tx, { message: change.reference, cause }, undeliveredReason(code))
    : [];
}

async function tell(
  bridge: Reporting,
  tx: ClientBase,
  event: MatrixEvent,
  code: string,
): Promise<readonly NewItem[]> {
  if (isStateChange(event)) return tellSender(bridge, tx, event, ['change-not-filed']);
  if (isTooLarge(code)) {
    const status = await tellFailure(bridge, tx, event, 'too-large');
    return [...status, ...(await tellSender(bridge, tx, event, ['too-large']))];
  }
  const status = await tellFailure(bridge, tx, event, isFinal(code) ? 'refused' : 'not-filed');
  return [...status, ...(await tellSender(bridge, tx, event, ['not-filed']))];
}

function undeliveredReason(code: string): UndeliveredReason {
  if (isTooLarge(code)) return 'too-large';
  return isFinal(code) ? 'refused' : 'not-delivered';
}

function isTooLarge(code: string): boolean {
  return code === 'fhir-too-large' || code === 'matrix-too-large';
}

/** Whether sending it again, as it is, would fail again. */
function isFinal(code: string): boolean {
  return isErrorCode(code) && errorCatalogue[code].verdict === 'dead';
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
