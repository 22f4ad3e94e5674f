// Whether it is safe to send into a room that a user made: recorded after each convergence, and said in the room where it is not.
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { StateReason } from '../../domain/notices.ts';
import type { Danger } from '../../mapping/matrix-to-fhir/room-dangers.ts';
import type { ActualState } from '../../mapping/room-changes.ts';
import type { Bridge } from '../bridge.ts';
import { stateNotices } from '../messages/tell-sender.ts';

/** What is said of a danger. */
const TOLD_OF: Readonly<Record<Danger, StateReason>> = {
  encrypted: 'room-encrypted',
  open: 'room-open-to-others',
  readable: 'room-open-to-others',
  listed: 'room-open-to-others',
};

/** Whether a user made the room, be it as an upgrade of one that the bridge made. */
export function isOfUser(bot: MatrixUserId, actual: readonly ActualState[]): boolean {
  const maker = makerIn(actual);
  return maker !== undefined && maker !== bot;
}

/** Whether a user made the room, and it stands in the public directory. Of others that is not asked: it would cost a request each. */
export async function isUserMadeAndListed(
  { homeserver, settings: { bot } }: Pick<Bridge, 'homeserver' | 'settings'>,
  roomId: RoomId | undefined,
  actual: readonly ActualState[],
  signal: AbortSignal,
): Promise<boolean> {
  return roomId !== undefined && isOfUser(bot, actual) && homeserver.isListed(bot, roomId, signal);
}

/** Records whether the room is safe: what is to be sent waits until it is. Its maker is told each time that it becomes unsafe. */
export async function recordSafety(
  { clock, enqueue, store, transact }: Pick<Bridge, 'clock' | 'enqueue' | 'store' | 'transact'>,
  plan: {
    readonly spec: { readonly reference: FhirReference };
    readonly row: { readonly unsafe: boolean } | undefined;
    readonly dangers: readonly Danger[];
    readonly actual: readonly ActualState[];
  },
  roomId: RoomId,
): Promise<void> {
  const { spec, row, dangers, actual } = plan;
  const about = makerIn(actual);
  if (dangers.length === 0 && row?.unsafe !== true) return;
  await transact(async (tx) => {
    const now = dangers.length > 0 ? clock.now() : undefined;
    const since = await store.rooms.saveUnsafeSince(tx, spec.reference, now);
    if (since === undefined || about === undefined) return;
    for (const reason of new Set(dangers.map((danger) => TOLD_OF[danger])))
      await enqueue(tx, await stateNotices({ store }, tx, { roomId, about, since }, reason));
  });
}

function makerIn(actual: readonly ActualState[]): MatrixUserId | undefined {
  return actual.find(({ type }) => type === 'm.room.create')?.sender as MatrixUserId | undefined;
}
