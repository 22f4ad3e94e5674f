// Text: `m.room.message` with a body that is the message itself, and a Communication with a contentString.
import { textKind } from '../text-body.ts';

/** The kind. */
export const text = textKind({
  ...{ name: 'text', msgtype: 'm.text', isTagged: false },
  page: {
    fhir: '`payload.contentString`; several become one text of as many lines',
    kept: 'the text, the time it was sent, the sender',
  },
});
