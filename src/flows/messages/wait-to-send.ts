// A Communication that cannot be sent yet waits: for its conversation, for what it answers, for the bridge's own write of it.
import type { FhirReference } from '../../domain/ids.ts';
import { structureLane } from '../../mapping/lanes.ts';
import type { Envelope } from '../../messages/envelope.ts';
import type { MessageRef } from '../../messages/kind.ts';
import type { Queryable } from '../../store/database.ts';
import type { Bridge } from '../bridge.ts';
import type { ConversationMessagesItem } from '../items/conversation-messages.ts';
import type { ChangeItem } from '../items/fhir-change.ts';
import type { DeletionItem } from '../items/fhir-deletion.ts';
import { takeTurn, waitFor, wouldOvertake } from '../items/waiting.ts';
import type { FlowOutcome } from '../outcome.ts';
import { findCarried, WRITING_MS } from './carried.ts';
import { findConversationRoom } from './conversation-room.ts';
import { wasCarried } from './links.ts';

type Waiting = Pick<Bridge, 'clock' | 'settings' | 'store'>;

/** What comes back once it has waited. */
export type Payload = ChangeItem | DeletionItem;

/** Waits for the room of its conversation, which a resync may open, or find safe, meanwhile, outside the lane. */
export function untilOpen(
  { store }: Waiting,
  payload: Payload | ConversationMessagesItem,
  request: FhirReference,
): FlowOutcome {
  const isOpen = async (tx: Queryable): Promise<boolean> => {
    const room = await store.rooms.findRoom(tx, request);
    return room?.ready === true && !room.unsafe;
  };
  return waitFor(store, request, itemOf(payload, request), isOpen);
}

/**
 * Waits behind the others of its conversation that waited for its room, also where it found the room open: those came before.
 * @returns undefined where there are none
 */
export async function untilTheirTurn(
  bridge: Waiting & Pick<Bridge, 'db' | 'hasUnhandled'>,
  payload: Payload,
  request: FhirReference,
  hasWaited: boolean,
): Promise<FlowOutcome | undefined> {
  const item = itemOf(payload, request);
  if (!(await wouldOvertake(bridge, request, { ...item, hasWaited }))) return undefined;
  return takeTurn(bridge.store, request, item, `before ${payload.reference}/${payload.versionId}`);
}

/** Waits for a message that it refers to. @param request its conversation */
export function untilCarried(
  { clock, settings, store }: Waiting,
  payload: Payload,
  request: FhirReference,
  awaited: MessageRef,
): FlowOutcome {
  const giveUpAt = new Date(clock.now().getTime() + settings.waitForTargetMs);
  const isCarried = async (tx: Queryable): Promise<boolean> =>
    wasCarried(store, tx, awaited, await findConversationRoom(store, tx, request));
  return waitFor(store, awaited, { ...itemOf(payload, request), giveUpAt }, isCarried);
}

/** Waits for the end of the bridge's own write: only then is known whether what was read is that. */
export function untilWritten(bridge: Waiting, payload: Payload, envelope: Envelope): FlowOutcome {
  const { clock, store } = bridge;
  const { reference } = payload;
  const giveUpAt = new Date(clock.now().getTime() + WRITING_MS);
  const isWritten = async (tx: Queryable): Promise<boolean> =>
    !(await findCarried(bridge, tx, reference, envelope)).isBeingWritten;
  const item = itemOf(payload, envelope.thread ?? reference);
  return waitFor(store, reference, { ...item, giveUpAt }, isWritten);
}

function itemOf(payload: Payload | ConversationMessagesItem, laneOf: FhirReference) {
  return { about: payload.reference, lane: structureLane(laneOf), payload };
}
