// What kinds of plain text have in common: the body in Matrix, the texts of the payload in FHIR.
import type { MatrixEvent } from '../domain/matrix.ts';
import type { MatrixSend } from './effects.ts';
import { plainTextOf } from './content.ts';
import type { Envelope } from './envelope.ts';
import { defineKind, type KindPage, type RegisteredKind } from './kind.ts';
import { createRecord, isTaggedAs } from './record.ts';

/** In what a kind of plain text differs from the others. */
interface TextKind {
  readonly name: string;
  /** See https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes. */
  readonly msgtype: string;
  /** Whether FHIR itself cannot tell it from other text: then its name is a tag of the record. */
  readonly isTagged: boolean;
  readonly page: Pick<KindPage, 'fhir' | 'kept'>;
  /** The message by the bot in its sender's place; unless told, as `attributed` shows it. */
  readonly relayed?: (body: string, sender: string) => MatrixSend;
}

/** Makes a kind whose messages are a body in Matrix and a contentString in FHIR. */
export function textKind({ name, msgtype, isTagged, page, relayed }: TextKind): RegisteredKind {
  return defineKind<string>({
    name,
    page: {
      ...{ ...page, matrix: `\`m.room.message\` of type \`${msgtype}\`` },
      lost: 'formatting; from FHIR, attachments: the message says how many',
    },
    fromMatrix: ({ event }) => bodyIn(event, msgtype),
    toFhir: (body, context) => [
      createRecord(context, { payload: [{ contentString: body }], ...(isTagged && { kind: name }) }),
    ],
    fromFhir: ({ communication, envelope }, carried) => {
      const isOther = isTagged && !isTaggedAs(communication, name);
      return carried.length > 0 || isOther ? undefined : textIn(envelope);
    },
    toMatrix: (body, { relayedFor }) => [
      relayed === undefined || relayedFor === undefined
        ? textSend(msgtype, attributed(body, relayedFor))
        : relayed(body, relayedFor),
    ],
  });
}

/** @returns undefined for other events, and where there is no text */
function bodyIn({ type, content }: MatrixEvent, wanted: string): string | undefined {
  const { body, msgtype } = content;
  if (type !== 'm.room.message' || msgtype !== wanted) return undefined;
  return typeof body === 'string' && body !== '' ? body : undefined;
}

/** The texts of a Communication as one, which says how many attachments are missing; undefined without text. */
function textIn({ parts }: Envelope): string | undefined {
  const text = plainTextOf(parts);
  const others = parts.filter(({ kind }) => kind !== 'text').length;
  if (text === undefined || others === 0) return text;
  return `${text}\n${attachmentsNotShown(others)}`;
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
