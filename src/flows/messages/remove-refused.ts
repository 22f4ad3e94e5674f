// Removes a file from the room that its members had better not open.
import type { FileRefusal } from '../../domain/files.ts';
import type { MatrixUserId } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { refusedFileDeliveryId } from '../../mapping/delivery-ids.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';

/** What is wrong with the file itself; all other reasons are limits of the way. */
const HARMFUL: ReadonlySet<FileRefusal> = new Set(['infected', 'type-not-allowed']);

/** Redacts the event of a message with such a file, where the bridge may. @param as who of the bridge is in the room */
export async function removeRefused(
  { sending }: Pick<Bridge, 'sending'>,
  { room_id: roomId, event_id: eventId }: MatrixEvent,
  as: MatrixUserId,
  refused: readonly FileRefusal[],
  signal: AbortSignal,
): Promise<void> {
  if (!refused.some((reason) => HARMFUL.has(reason))) return;
  const redaction = { as, roomId, deliveryId: refusedFileDeliveryId(eventId), eventId };
  await sending.redactAs(redaction, signal).catch((error: unknown) => {
    if (!(error instanceof BridgeError) || error.code !== 'matrix-refused') throw error;
  });
}
