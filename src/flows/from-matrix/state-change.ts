// A state event as it comes in, and the asking for convergence that several flows answer one with.
import type { FhirReference } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import type { Outcome } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';

/** An event that changes a room's state. */
export type StateChange = MatrixEvent & { readonly state_key: string };

/** Tells whether an event changes a room's state. */
export function isStateChange(event: MatrixEvent): event is StateChange {
  return event.state_key !== undefined;
}

/** Nothing to carry, but spaces or rooms to be brought up to date because of the event. */
export function converging(
  bridge: Bridge,
  references: readonly FhirReference[],
  { event_id: cause }: StateChange,
): Outcome {
  return {
    kind: 'done',
    record: async (tx) => {
      await bridge.enqueue(
        tx,
        references.map((reference) => convergeItem(reference, cause)),
      );
    },
  };
}
