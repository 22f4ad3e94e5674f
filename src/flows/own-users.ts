// Which Matrix users are the bridge's own: its bot and its ghosts.
import type { BridgeSettings } from './bridge.ts';

/** Tells whether a user is the bot or a ghost of this bridge. */
export function isOwnUser(
  { ghostPrefix, serverName }: Pick<BridgeSettings, 'ghostPrefix' | 'serverName'>,
  userId: string,
): boolean {
  return userId.startsWith(`@${ghostPrefix}`) && userId.endsWith(`:${serverName}`);
}
