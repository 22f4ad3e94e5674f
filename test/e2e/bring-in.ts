// Someone is brought into a room from which they are to be removed, and the removal is seen.
import { MatrixError } from 'matrix-js-sdk';
import type { MatrixPerson } from '../../stack/demo/person.ts';
import { botView, eventually } from './rooms.ts';

type User = MatrixPerson & { readonly userId: string };

/**
 * A member invites a guest, who accepts at once. The bridge may be quicker, and take the invitation back before: then the
 * homeserver refuses to let the guest in.
 * @returns whether the guest came in
 */
export async function bringIn(
  member: MatrixPerson,
  guest: User,
  roomId: string,
  viaServers: readonly string[] = [],
): Promise<boolean> {
  await member.client.invite(roomId, guest.userId);
  try {
    await guest.client.joinRoom(roomId, { viaServers: [...viaServers] });
    return true;
  } catch (error) {
    const isRefused = error instanceof MatrixError && error.errcode === 'M_FORBIDDEN';
    if (!isRefused || !(await isRemovedByBridge(roomId, guest.userId))) throw error;
    return false;
  }
}

/** Waits until the bridge has removed a guest, or taken their invitation back. */
export async function awaitRemoval(roomId: string, userId: string): Promise<void> {
  await eventually(() => isRemovedByBridge(roomId, userId)).toBe(true);
}

async function isRemovedByBridge(roomId: string, userId: string): Promise<boolean> {
  const bot = botView();
  const { body } = await bot.ask('GET', `rooms/${encodeURIComponent(roomId)}/state`);
  const events = body as unknown as readonly {
    readonly type: string;
    readonly state_key: string;
    readonly sender: string;
    readonly content: Readonly<Record<string, unknown>>;
  }[];
  const member = events.find(({ type, state_key: key }) => type === 'm.room.member' && key === userId);
  return member?.content['membership'] === 'leave' && member.sender === bot.userId;
}
