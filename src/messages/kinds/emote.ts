// An emote: text that says what its sender does, shown after their name ("* Noor waves").
import { defineKind } from '../kind.ts';
import { createRecord, isTaggedAs } from '../record.ts';
import { bodyIn, textIn, textSend } from '../text-body.ts';

interface Emote {
  readonly body: string;
}

const NAME = 'emote';

/** The kind. */
export const emote = defineKind<Emote>({
  name: NAME,
  page: {
    matrix: '`m.room.message` of type `m.emote`',
    fhir: '`payload.contentString`, tagged as an emote',
    kept: 'the text, that it is an emote, the time it was sent, the sender',
    lost: 'formatting; from FHIR, attachments: the message says how many',
  },
  fromMatrix: ({ event }) => {
    const body = bodyIn(event, ['m.emote']);
    return body === undefined ? undefined : { body };
  },
  toFhir: ({ body }, context) => [createRecord(context, { payload: [{ contentString: body }], kind: NAME })],
  fromFhir: ({ communication, envelope }, carried) => {
    const body = carried.length > 0 || !isTaggedAs(communication, NAME) ? undefined : textIn(envelope);
    return body === undefined ? undefined : { body };
  },
  // An emote by the bot would show the bot's name.
  toMatrix: ({ body }, { relayedFor }) => [
    relayedFor === undefined ? textSend('m.emote', body) : textSend('m.text', `* ${relayedFor} ${body}`),
  ],
});
