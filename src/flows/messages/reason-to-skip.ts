// Why a version of a Communication is not carried: it was, in these words, or it is not meant for people yet, or any more.
import type { Communication } from '../../domain/fhir.ts';
import { contentDigest, type Envelope } from '../../messages/envelope.ts';
import { lastDigest } from '../../messages/shown.ts';
import type { MessageLink } from '../../store/message-links.ts';
import type { IgnoredReason } from '../ignored-reasons.ts';
import type { Carried } from './carried.ts';

/** The reason; undefined for one that is to be carried. */
export function reasonToSkip(
  { links, isCopy }: Carried,
  envelope: Envelope,
  communication: Communication,
): IgnoredReason | undefined {
  if (links.length > 0) return saysTheSame(links, envelope) ? 'unchanged' : undefined;
  if (isCopy) return 'known';
  return envelope.deliverable ? undefined : notSentBecause(communication);
}

function notSentBecause({ status }: Communication): IgnoredReason {
  switch (status) {
    case 'preparation':
      return 'draft';
    case 'entered-in-error':
      return 'withdrawn';
    default:
      return 'status';
  }
}
