// A state event as it comes in.
import type { MatrixEvent } from '../../domain/matrix.ts';

/** An event that changes a room's state. */
export type StateChange = MatrixEvent & { readonly state_key: string };

/** Tells whether an event changes a room's state. */
export function isStateChange(event: MatrixEvent): event is StateChange {
  return event.state_key !== undefined;
}
