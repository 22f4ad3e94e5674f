// Redacts events, each once, as the user of the bridge who has the power to.
import type { EventId, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { forgottenDeliveryId } from '../../mapping/delivery-ids.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';

/** Where, and by whom. */
export interface Redacting {
  readonly roomId: RoomId;
  /** The bot where it is in the room. */
  readonly viewer: MatrixUserId;
  /** The ghosts that can act still. */
  readonly registered: readonly MatrixUserId[];
}

/** An event that is to be redacted. */
export interface Redactable {
  readonly eventId: EventId;
  readonly sender: MatrixUserId | undefined;
}

/** @returns how many were redacted, and how many the homeserver refused */
export async function redactEach(
  homeserver: Pick<Bridge['homeserver'], 'redact'>,
  { roomId, viewer, registered }: Redacting,
  events: readonly Redactable[],
  signal: AbortSignal,
): Promise<{ readonly redacted: number; readonly refused: number }> {
  let redacted = 0;
  for (const { eventId, sender } of events) {
    const others = registered.filter((ghost) => ghost === sender && ghost !== viewer);
    const redaction = { roomId, eventId, deliveryId: forgottenDeliveryId(eventId) };
    for (const as of [viewer, ...others]) {
      if (!(await isDone(homeserver.redact({ ...redaction, as }, signal)))) continue;
      redacted += 1;
      break;
    }
  }
  return { redacted, refused: events.length - redacted };
}

async function isDone(redacting: Promise<unknown>): Promise<boolean> {
  try {
    await redacting;
    return true;
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'matrix-refused') return false;
    throw error;
  }
}
