// The item by which anything that changes asks for a space or room to be brought up to date.
import { z } from 'zod';
import type { FhirReference } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import { inviteLane, structureLane } from '../../mapping/lanes.ts';
import { reference } from './ids.ts';

/** As it is stored. The version before wrote and read `insist`: both names are written until no replica of it is left. */
const storedSchema = z.object({
  kind: z.literal('converge'),
  /** The CareTeam or CommunicationRequest. */
  reference,
  /** People who could not be invited the last time must be now, or the item fails and is tried again. */
  requireInvites: z.literal(true).optional(),
  insist: z.literal(true).optional(),
  /** The homeservers of those people. */
  servers: z.array(z.string()).optional(),
});
type StoredItem = z.infer<typeof storedSchema>;

export const convergeItemSchema = storedSchema.transform(
  ({ insist, requireInvites, servers = [], ...item }) => ({
    ...{ ...item, servers },
    requireInvites: requireInvites === true || insist === true,
  }),
);
export type ConvergeItem = z.infer<typeof convergeItemSchema>;

/**
 * The item; it goes into the lane of its resource, so that it waits for what is under way there.
 * @param cause what changed, such as `Practitioner/7/3` or an event id: the same cause asks once
 */
export function convergeItem(reference: FhirReference, cause: string): NewItem {
  return {
    lane: structureLane(reference),
    source: 'converge',
    sourceId: `${cause} ${reference}`,
    payload: { kind: 'converge', reference } satisfies StoredItem,
    isBulk: true,
  };
}

/** The items for several, because of one change. */
export function convergeItems(references: readonly FhirReference[], cause: string): readonly NewItem[] {
  return references.map((reference) => convergeItem(reference, cause));
}

/**
 * The item that tries again to invite those whose homeserver, or the pseudonym service, did not answer. Its lane is its
 * own: the conversation of all the others does not wait for it.
 * @param whom names those people without naming them
 * @param servers their homeservers
 */
export function requireInvitesItem(
  reference: FhirReference,
  whom: string,
  servers: readonly string[],
): NewItem {
  const payload: StoredItem = {
    ...{ kind: 'converge', reference, requireInvites: true, insist: true },
    servers: [...new Set(servers)],
  };
  return {
    lane: inviteLane(reference),
    source: 'converge',
    sourceId: `${whom} ${reference}`,
    payload,
    isBulk: true,
  };
}
