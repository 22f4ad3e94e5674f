// A text that shows nothing, such as a space: no record, and its sender is told.
import { cleanText, isBlank } from '../formatting/clean-text.ts';
import { defineKind } from '../kind.ts';

const TEXTS: ReadonlySet<unknown> = new Set(['m.text', 'm.emote', 'm.notice']);

/** The kind; it stands after the kinds of text, which read what shows something. */
export const empty = defineKind<'empty'>({
  name: 'empty',
  page: {
    matrix: 'a text of nothing but spaces, or of characters that show nothing',
    fhir: '',
    kept: '',
    lost: 'all of it: an empty record would only raise questions; the sender reads a notice',
  },
  fromMatrix: ({ event: { type, content } }) => {
    const { msgtype, body } = content;
    const isText = type === 'm.room.message' && TEXTS.has(msgtype) && typeof body === 'string';
    return isText && isBlank(cleanText(body)) ? 'empty' : undefined;
  },
  toFhir: () => [],
  fromFhir: () => undefined,
  toMatrix: () => [],
  notices: () => ['empty-message'],
});
