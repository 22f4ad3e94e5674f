// Why the sender of a message is told something in the room; `mapping/notices.ts` has the words.

/** The reasons. */
export const NOTICE_REASONS = [
  'unmapped-sender',
  'sender-held',
  'unsupported-content',
  'empty-message',
  'call-not-carried',
  'unsupported-event',
  'not-filed',
  'change-not-filed',
  'may-not-invite',
  'needs-power',
  'upgrade-not-followed',
  'room-replaced',
] as const;

export type NoticeReason = (typeof NOTICE_REASONS)[number];
