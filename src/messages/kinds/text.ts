// Text: `m.room.message` with a body that is the message itself, and a Communication with a contentString.
import { defineKind } from '../kind.ts';
import { createRecord } from '../record.ts';
import { attributed, bodyIn, textIn, textSend } from '../text-body.ts';

interface Text {
  readonly body: string;
}

/** The kind. */
export const text = defineKind<Text>({
  name: 'text',
  page: {
    matrix: '`m.room.message` of type `m.text`',
    fhir: '`payload.contentString`; several become one text of as many lines',
    kept: 'the text, the time it was sent, the sender',
    lost: 'formatting; from FHIR, attachments: the message says how many',
  },
  fromMatrix: ({ event }) => {
    const body = bodyIn(event, ['m.text']);
    return body === undefined ? undefined : { body };
  },
  toFhir: ({ body }, context) => [createRecord(context, { payload: [{ contentString: body }] })],
  fromFhir: ({ envelope }, carried) => {
    const body = carried.length > 0 ? undefined : textIn(envelope);
    return body === undefined ? undefined : { body };
  },
  toMatrix: ({ body }, { relayedFor }) => [textSend('m.text', attributed(body, relayedFor))],
});
