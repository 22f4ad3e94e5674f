// What a change of a Communication sends: edits by the ghost that sent it, or an answer by the bot to a user's message.
import type { EventId } from '../../domain/ids.ts';
import type { Texts } from '../../mapping/language/texts.ts';
import type { MatrixSend } from '../effects.ts';
import type { MatrixContext, ReadCommunication } from '../kind.ts';
import type { Shown } from '../shown.ts';

/** What a Communication is in the room. */
export interface ShownMessage {
  /** The events of the message itself, in order. */
  readonly messages: readonly Shown[];
  /** These, and all that show it or showed it. */
  readonly events: readonly EventId[];
  readonly filesChanged: boolean;
}

/** A change of a Communication that was carried. */
export interface Update {
  readonly shown: ShownMessage;
  readonly content: ReadCommunication;
}

/**
 * The sends. What is not shown any more is sent as new; what cannot be edited, because it stands in another room, was sent by
 * another user, has other files now, or is no text, is redacted and sent as new.
 */
export function sendsOf({ content, shown }: Update, context: MatrixContext): readonly MatrixSend[] {
  const { messages, events, filesChanged } = shown;
  const sends = content.toMatrix(context);
  const [first] = messages;
  if (first === undefined) return sends;
  const isHere = messages.every(({ roomId }) => roomId === context.roomId);
  if (isHere && first.origin === 'matrix')
    return sends.flatMap((send) => correction(send, first.eventId, shown, context.options.texts));
  if (isHere && context.isSameSender && !filesChanged && canReplace(sends, messages, context))
    return sends.flatMap((send, index) => replacement(send, messages[index]?.eventId));
  return [...events.map((eventId): MatrixSend => ({ kind: 'redact', eventId })), ...sends];
}

/** A place cannot be edited; nor can a file, where it bears the name of a sender, and where nothing but that name has changed. */
function canReplace(
  sends: readonly MatrixSend[],
  messages: readonly Shown[],
  { relayedFor }: Pick<MatrixContext, 'relayedFor'>,
): boolean {
  const contents = sends.flatMap((send) => (send.kind === 'send' ? [send] : []));
  const others = contents.filter(({ content }) => !isText(content));
  return (
    sends.length === messages.length &&
    others.length < contents.length &&
    others.every(({ file }) => file !== undefined && relayedFor === undefined)
  );
}

/** Files did not change; only texts are replaced. https://spec.matrix.org/v1.19/client-server-api/#event-replacements */
function replacement(send: MatrixSend, target: EventId | undefined): readonly MatrixSend[] {
  if (send.kind !== 'send' || target === undefined || !isText(send.content)) return [];
  const { 'm.relates_to': relation, ...newContent } = send.content;
  const content = {
    ...newContent,
    ...starred(newContent),
    'm.mentions': {},
    'm.new_content': newContent,
    'm.relates_to': { rel_type: 'm.replace', event_id: target },
  };
  return [{ ...send, content, target }];
}

/** A user's own message, which no one else can edit: the bot answers it. */
function correction(
  send: MatrixSend,
  target: EventId,
  { filesChanged }: Pick<ShownMessage, 'filesChanged'>,
  texts: Texts,
): readonly MatrixSend[] {
  if (send.kind !== 'send') return [send];
  if (send.file !== undefined && !filesChanged) return [];
  const relation = { 'm.in_reply_to': { event_id: target } };
  const content = {
    ...send.content,
    ...prefixed(send.content, `${texts.changedInRecord}: `),
    'm.mentions': {},
    'm.relates_to': relation,
  };
  return [{ ...send, content, target, by: 'bot' }];
}

function isText({ msgtype }: Readonly<Record<string, unknown>>): boolean {
  return msgtype === 'm.text' || msgtype === 'm.emote' || msgtype === 'm.notice';
}

/** What clients show that know no edits. */
function starred(content: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return prefixed(content, '* ');
}

function prefixed(
  content: Readonly<Record<string, unknown>>,
  prefix: string,
): Readonly<Record<string, unknown>> {
  const { body, formatted_body: html } = content;
  return {
    ...(typeof body === 'string' && { body: `${prefix}${body}` }),
    ...(typeof html === 'string' && { formatted_body: `${prefix}${html}` }),
  };
}
