// Everything else that says something: a marked record that tells what was lost, and a notice to the sender (rule 8).
import type { MatrixEvent } from '../../domain/matrix.ts';
import { defineKind } from '../kind.ts';
import { createRecord } from '../record.ts';
import { attachmentsNotShown, attributed, textSends } from '../text-body.ts';

type Unsupported =
  /** Said in the room, and recorded as something that was said. */
  | { readonly what: 'message'; readonly term: string }
  | { readonly what: 'attachments'; readonly count: number };

/** Events that say something in the room. */
const MESSAGES: ReadonlySet<string> = new Set([
  'm.room.message',
  'm.room.encrypted',
  'm.sticker',
  'm.poll.start',
]);

/** The kind; it takes what no other kind has taken. */
export const unsupported = defineKind<Unsupported>({
  name: 'unsupported',
  page: {
    matrix: 'every other message',
    fhir: 'a Communication with attachments or references alone',
    kept: 'that something was said, by whom and when',
    lost: 'the content: the record is tagged `content-lost`, and the sender in Matrix reads a notice',
  },
  fromMatrix: ({ event }) =>
    MESSAGES.has(event.type) ? { what: 'message', term: termOf(event) } : undefined,
  toFhir: (message, context) =>
    message.what === 'message'
      ? [
          createRecord(context, {
            payload: [
              { contentString: `[A Matrix message of a kind that cannot be recorded here: ${message.term}]` },
            ],
            tag: { code: 'content-lost', display: 'Content was lost on the way' },
          }),
        ]
      : [],
  fromFhir: ({ envelope: { parts } }, carried) =>
    carried.length > 0 || parts.length === 0 || parts.some(({ kind }) => kind === 'text')
      ? undefined
      : { what: 'attachments', count: parts.length },
  toMatrix: (message, { relayedFor }) =>
    message.what === 'attachments'
      ? textSends('m.text', attributed({ plain: attachmentsNotShown(message.count) }, relayedFor))
      : [],
  notices: () => ['unsupported-content'],
});

/** The type of the message, unless it may say more than a type. */
function termOf({ type, content }: MatrixEvent): string {
  const term =
    type === 'm.room.message' && typeof content['msgtype'] === 'string' ? content['msgtype'] : type;
  return /^[\w.-]{1,64}$/.test(term) ? term : 'unknown type';
}
