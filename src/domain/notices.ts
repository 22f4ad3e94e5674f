// Why a member is told something in the room; `mapping/language/` has the words.
import type { FileRefusal } from './files.ts';

/** About a state that lasts: a person is told once in a room. */
export const STATE_REASONS = [
  'unmapped-sender',
  'sender-held',
  'needs-power',
  'upgrade-not-followed',
  'room-replaced',
  'room-encrypted',
  'room-open-to-others',
  'stranger',
  'stranger-to-leave',
] as const;

/** About a message or a change of theirs: a person is told each time, at most once a minute for all of one reason. */
export const MESSAGE_REASONS = [
  'unsupported-content',
  'encrypted-message',
  'empty-message',
  'call-not-carried',
  'unsupported-event',
  'file-too-large',
  'file-not-allowed',
  'file-infected',
  'file-not-scanned',
  'file-missing',
  'too-large',
  'not-filed',
  'change-not-filed',
  'may-not-invite',
] as const;

/** All reasons. */
export const NOTICE_REASONS = [...STATE_REASONS, ...MESSAGE_REASONS] as const;

export type StateReason = (typeof STATE_REASONS)[number];
export type MessageReason = (typeof MESSAGE_REASONS)[number];
export type NoticeReason = (typeof NOTICE_REASONS)[number];

/** Whether a person is told once only. */
export function isStateReason(reason: NoticeReason): reason is StateReason {
  return (STATE_REASONS as readonly string[]).includes(reason);
}

/** The reason to tell the sender of a file why it was refused. */
export function noticeOfRefusal(refusal: FileRefusal): MessageReason {
  switch (refusal) {
    case 'too-large':
      return 'file-too-large';
    case 'type-not-allowed':
      return 'file-not-allowed';
    case 'infected':
      return 'file-infected';
    case 'not-scanned':
      return 'file-not-scanned';
    case 'address-not-allowed':
    case 'unreachable':
    case 'gone':
      return 'file-missing';
    case 'encrypted':
      return 'encrypted-message';
  }
}
