// Lanes of read state were removed → what was noted of their positions is forgotten: a new lane begins anew.
import type { ClientBase } from 'pg';
import { conversationOfReadStateLane } from '../../mapping/lanes.ts';
import type { Store } from '../../store/tables.ts';

/** Forgets it, in the transaction that removes the lanes. @param lanes by their keys; those of other kinds are left out */
export async function forgetReadStateLanes(
  { readPositions }: Pick<Store, 'readPositions'>,
  tx: ClientBase,
  lanes: readonly string[],
): Promise<void> {
  const conversations = lanes.flatMap((key) => conversationOfReadStateLane(key) ?? []);
  await readPositions.forgetCompared(tx, conversations);
}
