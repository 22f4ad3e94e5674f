// Why the sender of a message is told something in the room; `mapping/notices.ts` has the words.

import type { FileRefusal } from './files.ts';

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
  'file-too-large',
  'file-not-allowed',
  'file-infected',
  'file-not-scanned',
  'file-missing',
] as const;

export type NoticeReason = (typeof NOTICE_REASONS)[number];

/** The reason to tell the sender of a file why it was refused. */
export function noticeOfRefusal(refusal: FileRefusal): NoticeReason {
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
      return 'unsupported-content';
  }
}
