// Which of two messages of a conversation comes later.

/** Where a message stands. */
export interface Place {
  /** Grows with each message that is carried; 0 for the first message, which belongs to the conversation itself. */
  readonly sequence: number;
  /** Where its event stands in the log of a room, in the homeserver's order; undefined where the log has it no more. */
  readonly logged: { readonly lane: string; readonly position: number } | undefined;
}

/**
 * Whether a message comes after another: by the homeserver's order where the log knows both, else by the order in which they
 * were carried. Times do not count: each comes from another clock.
 */
export function isAfter(one: Place, other: Place): boolean {
  if (one.logged !== undefined && one.logged.lane === other.logged?.lane)
    return one.logged.position > other.logged.position;
  return one.sequence > other.sequence;
}

/** The last of some messages. */
export function lastOf<Message extends Place>(messages: readonly Message[]): Message | undefined {
  return messages.reduce<Message | undefined>(
    (last, each) => (last === undefined || isAfter(each, last) ? each : last),
    undefined,
  );
}
