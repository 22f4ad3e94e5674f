// Whether a Communication says what was carried of it last.
import { contentDigest, type Envelope } from '../../messages/envelope.ts';
import { lastDigest } from '../../messages/shown.ts';
import type { MessageLink } from '../../store/message-links.ts';

/** A platform that only says who a user is, whom it did not know, changes nothing of what they wrote. */
export function saysTheSame(links: readonly MessageLink[], envelope: Envelope): boolean {
  const digest = lastDigest(links);
  const isOfUser = links[0]?.origin === 'matrix';
  return (
    digest === contentDigest(envelope) ||
    (isOfUser && digest === contentDigest({ ...envelope, sender: undefined }))
  );
}
