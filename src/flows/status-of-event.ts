// What clients are told of an event besides its notices: that it is not recorded yet, and that it was after all.
import { eventItemSchema } from './items/event.ts';
import type { MatrixEvent } from '../domain/matrix.ts';
import { isOwnUser } from '../mapping/own-users.ts';
import type { Handle, Item } from '../inbox/item.ts';
import type { Bridge } from './bridge.ts';
import { isStateChange } from './from-matrix/state-change.ts';
import { andNext, type FlowOutcome } from './outcome.ts';
import { tellFailure, tellSuccess, type TellSender } from './messages/tell-sender.ts';

/** A message that has not been recorded for so long is said to be delayed. */
const PATIENCE_MS = 60_000;

/** The outcome of a relay to FHIR, with the word that a message which had failed is recorded now. */
export function withSuccessTold(bridge: TellSender, event: MatrixEvent, outcome: FlowOutcome): FlowOutcome {
  return outcome.kind === 'done' ? andNext(outcome, (tx) => tellSuccess(bridge, tx, event)) : outcome;
}

/** Handles as before, and tells of a message that is tried again for long. */
export function withDelayTold(
  bridge: TellSender & Pick<Bridge, 'clock' | 'enqueue' | 'log' | 'transact'>,
  handle: Handle,
): Handle {
  return async (item, attempt) => {
    const outcome = await handle(item, attempt);
    if (outcome.kind !== 'retry') return outcome;
    const ageMs = bridge.clock.now().getTime() - item.receivedAt.getTime();
    const event = ageMs < PATIENCE_MS ? undefined : messageIn(bridge, item);
    if (event !== undefined) await tellDelay(bridge, event);
    return outcome;
  };
}

function messageIn({ settings }: Pick<Bridge, 'settings'>, { payload }: Item): MatrixEvent | undefined {
  const event = eventItemSchema.safeParse(payload).data?.event;
  if (event === undefined || isStateChange(event) || isOwnUser(settings, event.sender)) return undefined;
  return event;
}

/** That it cannot be told is no reason to try the message itself any other way. */
async function tellDelay(
  bridge: TellSender & Pick<Bridge, 'enqueue' | 'log' | 'transact'>,
  event: MatrixEvent,
): Promise<void> {
  try {
    await bridge.transact(async (tx) => {
      await bridge.enqueue(tx, await tellFailure(bridge, tx, event, 'delayed'));
    });
  } catch (error) {
    bridge.log.warn({ error }, 'Could not tell that a message is delayed');
  }
}
