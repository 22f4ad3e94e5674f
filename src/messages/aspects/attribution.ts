// Whose message it is where the bot sends it: a profile for this one message.
import { createHash } from 'node:crypto';
import type { Aspect } from './aspect.ts';

/** The aspect. https://github.com/matrix-org/matrix-spec-proposals/pull/4144 */
export const attribution: Aspect = {
  name: 'attribution',
  page: {
    matrix: '`com.beeper.per_message_profile`, and the name before the text',
    fhir: 'a `sender` who does not take part in the conversation, or who is no person; no `sender`',
    kept: 'the name: that of the person, `sender.display`, or the platform’s',
    lost: '',
  },
  toFhir: () => ({}),
  toMatrix: (_input, _known, { relayedFor }) => {
    if (relayedFor === undefined) return {};
    const id = createHash('sha256').update(relayedFor).digest('base64url').slice(0, 16);
    return { 'com.beeper.per_message_profile': { id, displayname: relayedFor, has_fallback: true } };
  },
};
