// Tells clients that a message could not be recorded, or was after all.
import { sendStatusDeliveryId } from '../../mapping/delivery-ids.ts';
import { SEND_STATUS_TYPE, sendStatusContent, sendStatusOf } from '../../mapping/send-status.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import type { SendStatusItem } from '../items/send-status.ts';
import type { FlowOutcome } from '../outcome.ts';

/** Sends the status of a message, by the bot. */
export async function sendStatus(
  { sending, settings }: Pick<Bridge, 'sending' | 'settings'>,
  { roomId, eventId, failure }: SendStatusItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const deliveryId = sendStatusDeliveryId(eventId, sendStatusOf(failure));
  const content = sendStatusContent(settings.messages.texts, eventId, failure);
  await sending.sendAs({ as: settings.bot, roomId, deliveryId, type: SEND_STATUS_TYPE, content }, signal);
  return { kind: 'done' };
}
