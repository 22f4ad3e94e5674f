// What kinds of plain text have in common: the body in Matrix, the texts of the payload in FHIR.
import type { MatrixEvent } from '../domain/matrix.ts';
import type { MatrixSend } from './effects.ts';
import type { Envelope } from './envelope.ts';

/**
 * The body of a message of one of these types (https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes).
 * @returns undefined for other events, and where there is no text
 */
export function bodyIn({ type, content }: MatrixEvent, msgtypes: readonly string[]): string | undefined {
  const { body, msgtype } = content;
  if (type !== 'm.room.message' || typeof msgtype !== 'string' || !msgtypes.includes(msgtype))
    return undefined;
  return typeof body === 'string' && body !== '' ? body : undefined;
}

/** The texts of a Communication as one, which says how many attachments are missing; undefined without text. */
export function textIn({ text, otherPayloads }: Envelope): string | undefined {
  if (text === undefined || otherPayloads === 0) return text;
  return `${text}\n${attachmentsNotShown(otherPayloads)}`;
}

/** Says that attachments do not cross. */
export function attachmentsNotShown(count: number): string {
  return `[${count} ${count === 1 ? 'attachment' : 'attachments'} not shown here]`;
}

/** The message that shows a text in a room. */
export function textSend(msgtype: string, body: string): MatrixSend & { readonly kind: 'send' } {
  return { kind: 'send', type: 'm.room.message', content: { msgtype, body } };
}

/** The text, with the name of its sender before it where the bot sends in their place. */
export function attributed(body: string, relayedFor: string | undefined): string {
  return relayedFor === undefined ? body : `${relayedFor}: ${body}`;
}
