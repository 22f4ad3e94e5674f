// The version of the rooms that the bridge makes: the configured one, or what the homeserver announces.

/**
 * Creates the question for the version. The homeserver is asked once; a question that failed is asked again.
 * @param configured a room version, or `default`
 * @param announced asks the homeserver
 */
export function createRoomVersion(
  configured: string,
  announced: (signal: AbortSignal) => Promise<string>,
): (signal: AbortSignal) => Promise<string> {
  let known = configured === 'default' ? undefined : configured;
  return async (signal) => (known ??= await announced(signal));
}
