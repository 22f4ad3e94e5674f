// An emote: text that says what its sender does, shown after their name ("* Noor waves").
import { withPrefix } from '../formatting/formatted-text.ts';
import { textKind, textSends } from '../text-body.ts';

/** The kind. */
export const emote = textKind({
  ...{ name: 'emote', msgtype: 'm.emote', isTagged: true },
  page: {
    fhir: '`payload.contentString`, tagged as an emote',
    kept: 'the text, that it is an emote, the time it was sent, the sender',
  },
  // An emote by the bot would show the bot's name.
  relayed: (text, sender, texts) => textSends('m.text', withPrefix(`* ${sender} `, text), texts),
});
