// What a homeserver that went back has lost of a conversation is said there again, as far as a platform said it: in its order, with
// its time. What users said is in their records, and no one can say it in their name.
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import { structureLane } from '../../mapping/lanes.ts';
import type { NewItem } from '../../inbox/item.ts';
import type { LinkInRoom } from '../../store/lost-links.ts';
import type { Bridge } from '../bridge.ts';
import type { ChangeItem } from '../items/fhir-change.ts';

type SayingAgain = Pick<Bridge, 'db' | 'enqueue' | 'homeserver' | 'log' | 'settings' | 'store' | 'transact'>;

/** So many links are looked at with one statement. */
const PAGE = 100;

/** A room, and whether the homeserver does not know it any more: then all that was said in it is lost. */
interface Where {
  readonly reference: FhirReference;
  readonly roomId: RoomId;
  readonly isGone: boolean;
}

/** Has the lost messages said again. @returns how many there are */
export async function sayAgain(
  bridge: SayingAgain,
  where: Where,
  cause: string,
  signal: AbortSignal,
): Promise<number> {
  const { enqueue, log, store, transact } = bridge;
  const { reference, roomId } = where;
  const lost = await findLost(bridge, where, signal);
  if (lost.length === 0) return 0;
  const ofPlatforms = lost.flatMap(({ origin, communication }) =>
    origin === 'fhir' && communication !== undefined ? [communication] : [],
  );
  const communications = [...new Set(ofPlatforms.toReversed())];
  await transact(async (tx) => {
    await store.lostLinks.forgetLinks(tx, roomId, communications);
    await enqueue(
      tx,
      communications.map((each) => againItem(reference, each, cause)),
    );
  });
  log.error(
    { reference, events: lost.length, saidAgain: communications.length },
    'The homeserver lost messages of a conversation',
  );
  return communications.length;
}

/** From the latest back to the first that is there still. */
async function findLost(
  { db, homeserver, settings, store }: SayingAgain,
  { roomId, isGone }: Where,
  signal: AbortSignal,
): Promise<readonly LinkInRoom[]> {
  const lost: LinkInRoom[] = [];
  for (;;) {
    const page = await store.lostLinks.findLatestIn(db, roomId, lost.at(-1)?.id, PAGE);
    for (const link of page) {
      const isThere =
        !isGone && (await homeserver.eventOf(settings.bot, roomId, link.eventId, signal)) !== undefined;
      if (isThere) return lost;
      lost.push(link);
    }
    if (page.length < PAGE) return lost;
  }
}

/** As if it had come just now; what is said is read when it is handled. */
function againItem(conversation: FhirReference, reference: FhirReference, cause: string): NewItem {
  return {
    lane: structureLane(conversation),
    source: 'said-again',
    sourceId: `${reference} ${cause}`,
    payload: {
      ...{ kind: 'fhir.change', resourceType: 'Communication', reference, versionId: 'lost' },
    } satisfies ChangeItem,
  };
}
