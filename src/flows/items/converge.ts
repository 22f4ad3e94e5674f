// The inbox item by which anything that changes asks for a space or room to be brought up to date.
import type { ConvergeItem } from '../../domain/inbox.ts';
import type { FhirReference } from '../../domain/ids.ts';
import type { JsonValue } from '../../domain/json.ts';
import type { NewItem } from '../../inbox/item.ts';
import { structureLane } from '../../mapping/lanes.ts';

/**
 * The item; it goes into the lane of its resource, so that it waits for what is under way there.
 * @param cause what changed, such as `Practitioner/7/3` or an event id: the same cause asks once
 */
export function convergeItem(reference: FhirReference, cause: string): NewItem {
  const payload: ConvergeItem = { kind: 'converge', reference };
  return {
    lane: structureLane(reference),
    source: 'converge',
    sourceId: `${cause} ${reference}`,
    payload: payload as unknown as JsonValue,
  };
}

/**
 * The item that tries again to invite those whose homeserver, or the pseudonym service, did not answer. Its lane is its
 * own: the conversation of all the others does not wait for it.
 * @param whom names those people without naming them
 */
export function insistItem(reference: FhirReference, whom: string): NewItem {
  const payload: ConvergeItem = { kind: 'converge', reference, insist: true };
  return {
    lane: `invite:${reference}`,
    source: 'converge',
    sourceId: `${whom} ${reference}`,
    payload: payload as unknown as JsonValue,
  };
}
