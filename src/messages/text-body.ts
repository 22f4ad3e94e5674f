// What kinds of text have in common: the body in Matrix, the texts of the payload in FHIR.
import type { CommunicationPayload } from 'fhir/r4.js';
import { textOfParts, type Part } from './content.ts';
import type { MatrixSend } from './effects.ts';
import { withPrefix, type FormattedText } from './formatting/formatted-text.ts';
import { matrixText, readMatrixText } from './formatting/matrix-text.ts';
import { bytesInJson, splitText } from './formatting/split-text.ts';
import { htmlAttachment } from './formatting/text-attachment.ts';
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
  readonly relayed?: (text: FormattedText, sender: string) => readonly MatrixSend[];
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
  return defineKind<FormattedText>({
    name,
    page: {
      ...{ ...page, matrix: `\`m.room.message\` of type \`${msgtype}\`` },
      lost:
        'bold, italic, colour and the like, unless `messages.formattedText: html-attachment`; pictures within a text, for ' +
        'their description; from FHIR, references: the message says how many',
    },
    fromMatrix: ({ event: { type, content } }) =>
      type === 'm.room.message' && content['msgtype'] === msgtype ? readMatrixText(content) : undefined,
    toFhir: (text, context) => [
      createRecord(context, {
        payload: textPayload(text, context.options),
        ...(isTagged && { kind: name }),
      }),
    ],
    fromFhir: ({ communication, envelope }, carried) => {
      const isOther = isTagged && !isTaggedAs(communication, name);
      return carried.length > 0 || isOther ? undefined : textIn(envelope.parts);
    },
    toMatrix: (text, { relayedFor }) =>
      relayed === undefined || relayedFor === undefined
        ? textSends(msgtype, attributed(text, relayedFor))
        : relayed(text, relayedFor),
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

/** The texts as one, which says how many attachments are missing; undefined without text. */
export function textIn(parts: readonly Part[]): FormattedText | undefined {
  const text = textOfParts(parts);
  const others = parts.filter(({ kind }) => kind !== 'text').length;
  if (text === undefined || others === 0) return text;
  const missing = attachmentsNotShown(others);
  return {
    plain: `${text.plain}\n${missing}`,
    ...(text.html !== undefined && { html: `${text.html}<br />${missing}` }),
  };
}

/** Says that attachments do not cross. */
export function attachmentsNotShown(count: number): string {
  return `[${count} ${count === 1 ? 'attachment' : 'attachments'} not shown here]`;
}

/** The messages that show a text in a room: one, unless it is too large for that. Several are without formatting. */
export function textSends(msgtype: string, text: FormattedText): readonly Send[] {
  if (bytesInJson(text.plain) + bytesInJson(text.html ?? '') <= MAX_BYTES) return [textSend(msgtype, text)];
  const parts = splitText(text.plain, MAX_BYTES - MARK_BYTES);
  if (parts.length <= 1) return [textSend(msgtype, { plain: text.plain })];
  const shown = parts.length <= MAX_PARTS ? parts : [...parts.slice(0, MAX_PARTS - 1), TOO_LONG];
  return shown.map((part, index) => textSend(msgtype, { plain: `${part}\n(${index + 1}/${shown.length})` }));
}

const TOO_LONG = '[The text goes on, and is too long for this room. The care platform has all of it.]';

function textSend(msgtype: string, text: FormattedText): Send {
  return { kind: 'send', type: 'm.room.message', content: { msgtype, ...matrixText(text) } };
}

/** The text, with the name of its sender before it where the bot sends in their place. */
export function attributed(text: FormattedText, relayedFor: string | undefined): FormattedText {
  return relayedFor === undefined ? text : withPrefix(`${relayedFor}: `, text);
}
