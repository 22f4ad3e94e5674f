// Which Matrix users are the bridge's own: its bot and its ghosts.

/** Whether a user is the bot or a ghost of this bridge. */
export function isOwnUser(
  { ghostPrefix, serverName }: { readonly ghostPrefix: string; readonly serverName: string },
  userId: string,
): boolean {
  return userId.startsWith(`@${ghostPrefix}`) && userId.endsWith(`:${serverName}`);
}
