// A notice: text by a program, to which no other program answers.
import { defineKind } from '../kind.ts';
import { createRecord, isTaggedAs } from '../record.ts';
import { attributed, bodyIn, textIn, textSend } from '../text-body.ts';

interface Notice {
  readonly body: string;
}

const NAME = 'notice';

/** The kind. */
export const notice = defineKind<Notice>({
  name: NAME,
  page: {
    matrix: '`m.room.message` of type `m.notice`',
    fhir: '`payload.contentString`, tagged as a notice',
    kept: 'the text, that it is a notice, the time it was sent, the sender',
    lost: 'formatting; from FHIR, attachments: the message says how many',
  },
  fromMatrix: ({ event }) => {
    const body = bodyIn(event, ['m.notice']);
    return body === undefined ? undefined : { body };
  },
  toFhir: ({ body }, context) => [createRecord(context, { payload: [{ contentString: body }], kind: NAME })],
  fromFhir: ({ communication, envelope }, carried) => {
    const body = carried.length > 0 || !isTaggedAs(communication, NAME) ? undefined : textIn(envelope);
    return body === undefined ? undefined : { body };
  },
  toMatrix: ({ body }, { relayedFor }) => [textSend('m.notice', attributed(body, relayedFor))],
});
