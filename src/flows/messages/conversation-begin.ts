// When a conversation began: no message of it was sent before, whatever its sender says.
import type { FhirReference } from '../../domain/ids.ts';
import type { Bridge } from '../bridge.ts';
import { instantOf } from '../../mapping/periods.ts';

/** Times as near as this are believed, so that a message which has just been sent costs no request. */
const NEAR_MS = 60 * 60 * 1000;

/**
 * The time of a message, not before its conversation and not in the future.
 * @param ms milliseconds since the epoch, as the sender says
 */
export async function boundedTime(
  { clock, fhir }: Pick<Bridge, 'clock' | 'fhir'>,
  request: FhirReference,
  ms: number,
  signal: AbortSignal,
): Promise<number> {
  const now = clock.now().getTime();
  if (ms >= now - NEAR_MS) return Math.min(ms, now);
  const conversation = await fhir.read(request, signal);
  const begun =
    conversation?.resourceType === 'CommunicationRequest' ? instantOf(conversation.authoredOn) : Number.NaN;
  return Number.isNaN(begun) ? ms : Math.min(Math.max(ms, begun), now);
}
