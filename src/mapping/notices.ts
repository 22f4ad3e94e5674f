// The messages that tell a member of a room what became of theirs.
import type { EventId, MatrixUserId } from '../domain/ids.ts';
import { isStateReason, type NoticeReason } from '../domain/notices.ts';
import type { Texts } from './language/texts.ts';
import { escapeHtml, mentionOf } from './mention.ts';

/** A notice. */
export interface NoticeContent {
  readonly about: MatrixUserId;
  /** Their name in the room. */
  readonly displayName: unknown;
  readonly reason: NoticeReason;
  /** Of how many messages; states have no number. */
  readonly count?: number;
  /** The message it answers. */
  readonly answers?: EventId;
}

/** The words of a notice. */
export function noticeText(texts: Texts, reason: NoticeReason, count = 1): string {
  return isStateReason(reason) ? texts.states[reason] : texts.messages[reason](count);
}

/** Content of the `m.notice`; it mentions the member, so that their client shows it. */
export function noticeMessage(texts: Texts, notice: NoticeContent): Record<string, unknown> {
  const { about, displayName, reason, count, answers } = notice;
  const name = mentionOf(about, displayName);
  const text = noticeText(texts, reason, count);
  return {
    msgtype: 'm.notice',
    body: `${name.plain}: ${text}`,
    format: 'org.matrix.custom.html',
    formatted_body: `${name.html}: ${escapeHtml(text)}`,
    'm.mentions': { user_ids: [about] },
    ...(answers !== undefined && { 'm.relates_to': { 'm.in_reply_to': { event_id: answers } } }),
  };
}
