// Everything else that says something: a marked record that tells what was lost, and a notice to the sender (rule 8).
import type { MatrixEvent } from '../../domain/matrix.ts';
import { readExtensibleText } from '../formatting/extensible-text.ts';
import { readMatrixText } from '../formatting/matrix-text.ts';
import { defineKind } from '../kind.ts';
import type { MessageOptions } from '../options.ts';
import { createRecord } from '../record.ts';
import { attributed, textSends } from '../text-body.ts';

type Unsupported =
  /** Said in the room, and recorded as something that was said; the text is what clients show that do not know it. */
  | { readonly what: 'message'; readonly term: string | undefined; readonly text: string | undefined }
  | { readonly what: 'encrypted' }
  | { readonly what: 'attachments'; readonly count: number };

/** The kind; it takes what no other kind has taken. */
export const unsupported = defineKind<Unsupported>({
  name: 'unsupported',
  page: {
    matrix:
      'every other `m.room.message`; `m.room.encrypted`; an event of any other type, custom ones too, that has a text for people. ' +
      'State, and what only programs say to each other (verification, the rest of a call, moving positions), is no message',
    fhir: 'a Communication with references alone, unless they are to a Binary or DocumentReference',
    kept: 'that something was said, by whom and when, and the text that clients show in its place',
    lost: 'the rest: the record is tagged `content-lost`, and the sender in Matrix reads a notice',
  },
  fromMatrix: ({ event }) => messageIn(event),
  toFhir: (message, context) => {
    if (message.what === 'attachments') return [];
    const tag = { code: 'content-lost', display: 'Content was lost on the way' };
    return [
      createRecord(context, { payload: [{ contentString: recordText(message, context.options) }], tag }),
    ];
  },
  fromFhir: ({ envelope: { parts } }, carried) =>
    carried.length > 0 || parts.length === 0 || parts.some(({ kind }) => kind === 'text')
      ? undefined
      : { what: 'attachments', count: parts.length },
  toMatrix: (message, { relayedFor, options: { texts } }) =>
    message.what === 'attachments'
      ? textSends(
          'm.text',
          attributed({ plain: texts.attachmentsNotShown(message.count) }, relayedFor),
          texts,
        )
      : [],
  lost: ({ what }) => (what === 'attachments' ? 'content-lost' : undefined),
  notices: ({ what }) => [what === 'encrypted' ? 'encrypted-message' : 'unsupported-content'],
});

/** An event is a message if it has a text for people; see the reference page. */
function messageIn(event: MatrixEvent): Unsupported | undefined {
  const { type, content, state_key: stateKey } = event;
  if (stateKey !== undefined || content['msgtype'] === 'm.key.verification.request') return undefined;
  if (type === 'm.room.encrypted') return { what: 'encrypted' };
  const isMessage = type === 'm.room.message';
  const text = isMessage ? readMatrixText(content)?.plain : readExtensibleText(content);
  return isMessage || text !== undefined || SHOWN_WITHOUT_TEXT.has(type)
    ? { what: 'message', term: termOf(event), text }
    : undefined;
}

/** Types that people read even where their event has no text. */
export const SHOWN_WITHOUT_TEXT: ReadonlySet<string> = new Set([
  'm.sticker',
  ...['m.poll.start', 'm.poll.response', 'm.poll.end'],
  ...['start', 'response', 'end'].map((part) => `org.matrix.msc3381.poll.${part}`),
]);

function recordText(
  message: Exclude<Unsupported, { what: 'attachments' }>,
  { texts: { records } }: Pick<MessageOptions, 'texts'>,
): string {
  if (message.what === 'encrypted') return records.encrypted;
  const mark = records.unsupportedMessage(message.term);
  return message.text === undefined ? mark : `${mark}\n${message.text}`;
}

/** The type of the message; undefined where it may say more than a type. */
function termOf({ type, content }: MatrixEvent): string | undefined {
  const term =
    type === 'm.room.message' && typeof content['msgtype'] === 'string' ? content['msgtype'] : type;
  return /^[\w.-]{1,64}$/.test(term) ? term : undefined;
}
