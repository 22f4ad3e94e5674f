// A notice: text by a program, to which no other program answers.
import { textKind } from '../text-body.ts';

/** The kind. */
export const notice = textKind({
  ...{ name: 'notice', msgtype: 'm.notice', isTagged: true },
  page: {
    fhir: '`payload.contentString`, tagged as a notice',
    kept: 'the text, that it is a notice, the time it was sent, the sender',
  },
});
