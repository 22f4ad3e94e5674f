// Begins to forget a person: from this transaction on their ghosts are given up, and the items that do the work are stored.
import type { Agent } from '../../domain/facts.ts';
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import { forgottenDigest } from '../../mapping/ghosts.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItems } from '../items/converge.ts';
import { forgetPersonItem, forgetRoomItem } from '../items/forget-room.ts';
import type { Whom } from './whom.ts';

/** The command, and who gave it. */
export interface ForgetCommand {
  /** Names this command, other than every other one. */
  readonly cause: string;
  readonly by: Agent;
  /** Whether the messages that their ghosts sent are redacted. */
  readonly redacts: boolean;
}

/**
 * Begins, or begins again. What was left out by a run that ended half way, or has come since, is found by the next one.
 * @param rooms in which a ghost of theirs is, was or spoke
 */
export async function beginForgetting(
  bridge: Pick<Bridge, 'auditTrail' | 'enqueue' | 'settings' | 'store' | 'transact'>,
  whom: Whom,
  rooms: readonly RoomId[],
  { cause, by, redacts }: ForgetCommand,
): Promise<void> {
  const { auditTrail, enqueue, settings, store } = bridge;
  const { id: forgetting, people, givenUp } = whom;
  const key = settings.pseudonymizationKey;
  await bridge.transact(async (tx) => {
    await store.forgottenPeople.saveForgotten(
      tx,
      [...givenUp].map(([person, ghosts]) => ({ digest: forgottenDigest(person, key), ghosts })),
    );
    await store.forgettings.begin(tx, whom, rooms);
    // Of whom a room was made is what keeps them in one that may only be read.
    await store.roomMembers.removePeople(tx, people);
    const references = await store.rooms.findReferences(tx, rooms);
    const items = rooms.map((roomId) =>
      forgetRoomItem({ forgetting, roomId, reference: references.get(roomId), redacts, cause, part: 0 }),
    );
    await enqueue(tx, [
      // In the lanes of the same rooms, before them: who they were is out of the names of the rooms then.
      ...convergeItems([...references.values()], cause),
      ...(items.length > 0 ? items : [forgetPersonItem({ forgetting, cause })]),
      ...auditTrail.itemsOf({ source: 'command', sourceId: cause }, [
        { kind: 'operated', act: 'person-forget', by, ...about(people) },
      ]),
    ]);
  });
}

/** An account that is nobody's is not told of: the trail would keep what is to be forgotten. */
function about([reference]: readonly FhirReference[]) {
  return reference === undefined ? {} : { on: { reference } };
}
