// Text: `m.room.message` with a body that is the message itself, and a Communication with a contentString.
import type { MatrixEvent } from '../../domain/matrix.ts';
import { defineKind } from '../kind.ts';
import { createRecord } from '../record.ts';

interface Text {
  readonly body: string;
}

/** Message types whose `body` is the message itself (https://spec.matrix.org/v1.19/client-server-api/#mroommessage-msgtypes). */
const TYPES: ReadonlySet<unknown> = new Set(['m.text', 'm.notice', 'm.emote']);

/** The kind. */
export const text = defineKind<Text>({
  name: 'text',
  page: {
    matrix: '`m.room.message` of type `m.text`, `m.notice` or `m.emote`',
    fhir: '`payload.contentString`; several become one text of as many lines',
    kept: 'the text, the time it was sent, the sender',
    lost: 'formatting; from FHIR, attachments: the message says how many',
  },
  fromMatrix: ({ event }) => {
    const body = bodyOf(event);
    return body === undefined ? undefined : { body };
  },
  toFhir: ({ body }, context) => [createRecord(context, { payload: [{ contentString: body }] })],
  fromFhir: ({ envelope: { text: body, otherPayloads } }, carried) => {
    if (carried.length > 0 || body === undefined) return undefined;
    return { body: otherPayloads === 0 ? body : `${body}\n${attachmentsNotShown(otherPayloads)}` };
  },
  toMatrix: ({ body }, context) => [textSend(body, context)],
});

/** The message that shows a text in a room. */
export function textSend(
  body: string,
  { relayedFor }: { readonly relayedFor: string | undefined } = { relayedFor: undefined },
) {
  return {
    kind: 'send' as const,
    type: 'm.room.message',
    content: { msgtype: 'm.text', body: relayedFor === undefined ? body : `${relayedFor}: ${body}` },
  };
}

/** Says that attachments do not cross. */
export function attachmentsNotShown(count: number): string {
  return `[${count} ${count === 1 ? 'attachment' : 'attachments'} not shown here]`;
}

function bodyOf({ type, content }: MatrixEvent): string | undefined {
  const body = content['body'];
  const isText = type === 'm.room.message' && TYPES.has(content['msgtype']);
  return isText && typeof body === 'string' && body !== '' ? body : undefined;
}
