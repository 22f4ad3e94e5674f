// A conversation has its room, for which Communications waited so long that only their conversation was kept → they are read again.
import { versionKeyOf, versionOf, type Communication } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt, Item } from '../../inbox/item.ts';
import { structureLane } from '../../mapping/lanes.ts';
import type { Bridge } from '../bridge.ts';
import type { ConversationMessagesItem } from '../items/conversation-messages.ts';
import { changeOf } from '../items/fhir-change.ts';
import { waitedItem } from '../items/waiting.ts';
import type { FlowOutcome } from '../outcome.ts';
import { findConversationRoom } from './conversation-room.ts';
import { untilOpen } from './wait-to-send.ts';

type Reading = Pick<Bridge, 'clock' | 'db' | 'fhir' | 'settings' | 'store' | 'thread'>;
type StoredCommunication = StoredResource<Communication>;

/** The elements by which a Communication names its conversation, as the server is asked for them. */
const LINKS = ['part-of', 'based-on'] as const;
/** So many are handled before more are read. */
const AT_ONCE = 500;

/** Has them handled in their authors' order. Of those that were carried before, their handling finds so. */
export async function readConversation(
  reading: Reading,
  payload: ConversationMessagesItem,
  { sourceId }: Pick<Item, 'sourceId'>,
  { signal }: Pick<Attempt, 'signal'>,
): Promise<FlowOutcome> {
  const { reference, from, also = [] } = payload;
  const room = await findConversationRoom(reading.store, reading.db, reference);
  if (room?.ready !== true || room.unsafe) return untilOpen(reading, payload, reference);
  const found = await communicationsOf(reading, reference, signal);
  const { part, next } = nextPart(found, from);
  const lane = structureLane(reference);
  const [cause = ''] = sourceId.replace(`${reference} `, '').split(' from ');
  const read = part.map((each) => {
    const version = versionOf(each);
    const item = { about: version.reference, lane, payload: changeOf('Communication', each) };
    return waitedItem(item, `${versionKeyOf(version)} of ${cause}`);
  });
  if (next !== undefined) {
    const rest = { about: reference, lane, payload: { ...payload, from: next } };
    return { kind: 'done', next: [...read, waitedItem(rest, `${cause} from ${next}`)] };
  }
  const shown = new Set(found.map((each) => versionOf(each).reference));
  const unshown = also
    .filter((each) => each.kind === 'fhir.deletion' || !shown.has(each.reference))
    .map((each) =>
      waitedItem({ about: each.reference, lane, payload: each }, `${each.versionId} of ${cause}`),
    );
  return { kind: 'done', next: [...read, ...unshown] };
}

/** Those from a stamp on, as many as are handled at once, with all that bear the last one's stamp; and where the next part begins. */
function nextPart(
  found: readonly StoredCommunication[],
  from: string | undefined,
): { readonly part: readonly StoredCommunication[]; readonly next: string | undefined } {
  const left = found.filter((each) => from === undefined || stampOf(each) >= Date.parse(from));
  const last = left[AT_ONCE - 1];
  const part = last === undefined ? left : left.filter((each) => stampOf(each) <= stampOf(last));
  return { part, next: left[part.length]?.meta.lastUpdated };
}

async function communicationsOf(
  { fhir, thread }: Reading,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<readonly StoredCommunication[]> {
  const found = new Map<string, StoredCommunication>();
  for (const link of LINKS)
    for await (const { page } of fhir.pages('Communication', [[link, reference]], signal))
      for (const resource of page.resources)
        if (resource.resourceType === 'Communication' && thread.threadOf(resource) === reference)
          found.set(resource.id, resource);
  return [...found.values()].sort((a, b) => stampOf(a) - stampOf(b) || sentOf(a) - sentOf(b));
}

function stampOf({ meta }: StoredResource): number {
  return Date.parse(meta.lastUpdated);
}

function sentOf({ sent = '' }: Communication): number {
  return Date.parse(sent) || 0;
}
