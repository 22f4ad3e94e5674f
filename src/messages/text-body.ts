// What kinds of text have in common: the body in Matrix, the texts of the payload in FHIR.
import type { CommunicationPayload } from 'fhir/r4.js';
import { textOfParts, type Part } from './content.ts';
import type { MatrixSend } from './effects.ts';
import { withPrefix, type FormattedText } from './formatting/formatted-text.ts';
import { matrixText, readMatrixText } from './formatting/matrix-text.ts';
import { bytesInJson, splitText } from './formatting/split-text.ts';
import { htmlAttachment } from './formatting/text-attachment.ts';
import type { Texts } from '../mapping/language/texts.ts';
import { defineKind, type KindPage, type RegisteredKind } from './kind.ts';
import type { MessageOptions } from './options.ts';
import { createRecord, isTaggedAs } from './record.ts';

/** In what a kind of text differs from the others. */
interface TextKind {
  readonly name: string;
  /** See https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes. */
  readonly msgtype: string;
  /** Whether FHIR itself cannot tell it from other text: then its name is a tag of the record. */
  readonly isTagged: boolean;
  readonly page: Pick<KindPage, 'fhir' | 'kept'>;
  /** The message by the bot in its sender's place; unless told, as `attributed` shows it. */
  readonly relayed?: (text: FormattedText, sender: string, texts: Texts) => readonly MatrixSend[];
}

interface TextMessage {
  readonly text: FormattedText;
  /** How many attachments and references of the Communication are not shown in the room. */
  readonly notShown: number;
}

type Send = MatrixSend & { readonly kind: 'send' };

/**
 * How much room the text of one event takes, its HTML included. An event has at most 64 KiB
 * (https://spec.matrix.org/v1.19/client-server-api/#size-limits), and an edit holds its text twice.
 */
const MAX_BYTES = 24 * 1024;
/** Room for the mark that says which part of a text it is. */
const MARK_BYTES = 16;
/** A text that is larger than so many events is shown up to there, and the last of them says so. */
const MAX_PARTS = 40;

/** Makes a kind whose messages are a text. */
export function textKind({ name, msgtype, isTagged, page, relayed }: TextKind): RegisteredKind {
  return defineKind<TextMessage>({
    name,
    page: {
      ...{ ...page, matrix: `\`m.room.message\` of type \`${msgtype}\`` },
      lost:
        'bold, italic, colour and the like, unless `messages.formattedText: html-attachment`; pictures within a text, for ' +
        'their description; from FHIR, references: the message says how many. A text of more than 24 KiB is several numbered messages; what ' +
        'comes after the 40th is not shown, which the last of them and a Task to the platform say',
    },
    fromMatrix: ({ event: { type, content } }) => {
      const isOfKind = type === 'm.room.message' && content['msgtype'] === msgtype;
      const text = isOfKind ? readMatrixText(content) : undefined;
      return text === undefined ? undefined : { text, notShown: 0 };
    },
    toFhir: ({ text }, context) => [
      createRecord(context, {
        payload: textPayload(text, context.options),
        ...(isTagged && { kind: name }),
      }),
    ],
    fromFhir: ({ communication, envelope }, carried) => {
      const isOther = isTagged && !isTaggedAs(communication, name);
      return carried.length > 0 || isOther ? undefined : textIn(envelope.parts);
    },
    toMatrix: (message, { relayedFor, options: { texts } }) => {
      const text = shownText(message, texts);
      return relayed === undefined || relayedFor === undefined
        ? textSends(msgtype, attributed(text, relayedFor), texts)
        : relayed(text, relayedFor, texts);
    },
    lost: ({ text, notShown }) => {
      if (dividedText(text).length > MAX_PARTS) return 'too-large';
      return notShown > 0 ? 'content-lost' : undefined;
    },
  });
}

/** The payload that holds a text. */
export function textPayload(
  { plain, html }: FormattedText,
  { formattedText }: Pick<MessageOptions, 'formattedText'>,
): readonly CommunicationPayload[] {
  const words = { contentString: plain };
  return html === undefined || formattedText === 'plain'
    ? [words]
    : [words, { contentAttachment: htmlAttachment(html) }];
}

/** The texts as one; undefined without text. */
function textIn(parts: readonly Part[]): TextMessage | undefined {
  const text = textOfParts(parts);
  return text === undefined
    ? undefined
    : { text, notShown: parts.filter(({ kind }) => kind !== 'text').length };
}

/** The text, which says how many attachments are missing. */
function shownText({ text, notShown }: TextMessage, texts: Texts): FormattedText {
  if (notShown === 0) return text;
  const missing = texts.attachmentsNotShown(notShown);
  return {
    plain: `${text.plain}\n${missing}`,
    ...(text.html !== undefined && { html: `${text.html}<br />${missing}` }),
  };
}

/** The messages that show a text in a room: one, unless it is too large for that. Several are without formatting. */
export function textSends(msgtype: string, text: FormattedText, { textGoesOn }: Texts): readonly Send[] {
  if (fitsOneEvent(text)) return [textSend(msgtype, text)];
  const parts = dividedText(text);
  if (parts.length <= 1) return [textSend(msgtype, { plain: text.plain })];
  const shown = parts.length <= MAX_PARTS ? parts : [...parts.slice(0, MAX_PARTS - 1), textGoesOn];
  return shown.map((part, index) => textSend(msgtype, { plain: `${part}\n(${index + 1}/${shown.length})` }));
}

function fitsOneEvent({ plain, html = '' }: FormattedText): boolean {
  return bytesInJson(plain) + bytesInJson(html) <= MAX_BYTES;
}

/** The parts of a text that are small enough for an event each. */
function dividedText(text: FormattedText): readonly string[] {
  return fitsOneEvent(text) ? [text.plain] : splitText(text.plain, MAX_BYTES - MARK_BYTES);
}

function textSend(msgtype: string, text: FormattedText): Send {
  return { kind: 'send', type: 'm.room.message', content: { msgtype, ...matrixText(text) } };
}

/** The text, with the name of its sender before it where the bot sends in their place. */
export function attributed(text: FormattedText, relayedFor: string | undefined): FormattedText {
  return relayedFor === undefined ? text : withPrefix(`${relayedFor}: `, text);
}
