// The texts that a sender reads in the room when their message or change was not carried.
import type { NoticeReason } from '../domain/notices.ts';
import type { MatrixUserId } from '../domain/ids.ts';

const TEXTS: Readonly<Record<NoticeReason, string>> = {
  'unmapped-sender':
    'your messages are recorded under your Matrix address, because the care platform does not know who you are. ' +
    'Ask the care team to add your Matrix address to your entry.',
  'sender-held':
    'your messages wait, because the care platform does not know who you are. They are recorded as soon as the care ' +
    'team has added your Matrix address to your entry.',
  'unsupported-content':
    'a message you sent is of a kind that cannot be recorded. The record says that something was lost: please ' +
    'write it as text.',
  'empty-message': 'a message you sent shows no text, so it is not recorded. Please write it again.',
  'call-not-carried':
    'people on the care platform cannot take your call. The record says that you tried to call; please write a message, ' +
    'or use another way if it is urgent.',
  'unsupported-event':
    'what you changed (a reaction, a removal or a setting) stays in this room: it does not reach the record.',
  'not-filed':
    'a message you sent could not be recorded. The operator has been told; please use another way if it is urgent.',
  'change-not-filed':
    'what you changed in this room could not be carried to the care platform. The operator has been told.',
  'may-not-invite':
    'the person you invited was not let in: you may invite only into conversations that you started yourself. Please ask a ' +
    'professional of the care team.',
  'needs-power':
    'this room is now a conversation of the care team, and what is said here from now on is recorded. Please give this ' +
    'account the level of an administrator (100), so that it can keep the room in order.',
  'upgrade-not-followed':
    'the care team stays in this room, because its care platform does not let you move it to another. What is said here ' +
    'is recorded as before. Please ask a lead of the team to upgrade the room.',
  'file-too-large':
    'a file you sent is too large to be recorded. The record says that it is missing: please send a smaller one.',
  'file-not-allowed':
    'a file you sent is of a type that is not allowed here. It was removed, and the record says so. Please send it as a ' +
    'document (PDF) or a picture.',
  'file-infected':
    'malware was found in a file you sent. It was removed, and the record says so. Please have your device checked.',
  'file-not-scanned':
    'a file you sent could not be checked for malware, so it is not recorded. Please send it again later.',
  'file-missing': 'a file you sent could not be fetched, so it is not recorded. Please send it again.',
  'room-replaced':
    'this conversation goes on in the room that took the place of this one. What is said here is not recorded any more.',
};

/** Content of the `m.notice` that tells a sender; it mentions them, so that their client shows it. */
export function noticeMessage(about: MatrixUserId, reason: NoticeReason): Record<string, unknown> {
  return {
    msgtype: 'm.notice',
    body: `${about}: ${TEXTS[reason]}`,
    'm.mentions': { user_ids: [about] },
  };
}
