// The bridge's ghosts: registered, and showing the name and picture of their person.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import { decodeImage, type Avatar, type Image } from '../../mapping/avatars.ts';
import type { Bridge } from '../bridge.ts';
import type { DesiredGhost } from './desired-ghost.ts';
import { publishItems } from './publish-address.ts';

/** A step towards the ghosts as they should be; each is idempotent. */
export type GhostChange =
  | { readonly kind: 'register-ghost'; readonly userId: MatrixUserId; readonly reference: FhirReference }
  | { readonly kind: 'set-display-name'; readonly userId: MatrixUserId; readonly displayName: string }
  | { readonly kind: 'set-avatar'; readonly userId: MatrixUserId; readonly avatar: Avatar | undefined };

/** What has to be done for the ghosts to exist and look right, in order; nothing when they do. Reads the store only. */
export async function ghostChanges(
  { db, store }: Pick<Bridge, 'db' | 'store'>,
  ghosts: readonly DesiredGhost[],
): Promise<readonly GhostChange[]> {
  if (ghosts.length === 0) return [];
  const userIds = ghosts.map(({ userId }) => userId);
  const known = await store.ghosts.findGhosts(db, userIds);
  return ghosts.flatMap(({ userId, reference, displayName, avatar, isGuess }): GhostChange[] => {
    const ghost = known.get(userId);
    if (isGuess && ghost?.displayName !== undefined) return [];
    return [
      ...(ghost === undefined ? [{ kind: 'register-ghost' as const, userId, reference }] : []),
      ...(ghost?.displayName === displayName
        ? []
        : [{ kind: 'set-display-name' as const, userId, displayName }]),
      ...(ghost?.avatarDigest === avatar?.digest ? [] : [{ kind: 'set-avatar' as const, userId, avatar }]),
    ];
  });
}

/** Makes a ghost exist and look right. */
export async function bringGhost(bridge: Bridge, ghost: DesiredGhost, signal: AbortSignal): Promise<void> {
  for (const change of await ghostChanges(bridge, [ghost])) await applyGhostChange(bridge, change, signal);
}

/** Makes a change on the homeserver and records it. */
export async function applyGhostChange(
  bridge: Bridge,
  change: GhostChange,
  signal: AbortSignal,
): Promise<void> {
  const { db, homeserver, store } = bridge;
  const { userId } = change;
  switch (change.kind) {
    case 'register-ghost':
      await homeserver.registerGhost(userId, signal);
      // Together: a ghost that is recorded is not registered, and so not published, again.
      await bridge.transact(async (tx) => {
        await store.ghosts.saveGhost(tx, userId);
        await bridge.enqueue(tx, publishItems(bridge, change));
      });
      return;
    case 'set-display-name':
      await homeserver.setDisplayName(userId, change.displayName, signal);
      await store.ghosts.saveGhostName(db, userId, change.displayName);
      return;
    case 'set-avatar': {
      const image = change.avatar && (await imageOf(bridge, change.avatar, signal));
      await homeserver.setAvatar(userId, image && (await homeserver.upload(userId, image, signal)), signal);
      // Also of a picture that turned out to be none: it is not tried again until it changes.
      await store.ghosts.saveGhostAvatar(db, userId, change.avatar?.digest);
      return;
    }
  }
}

async function imageOf(
  { fhir }: Pick<Bridge, 'fhir'>,
  { source }: Avatar,
  signal: AbortSignal,
): Promise<Image | undefined> {
  if (source.kind === 'image') return source.image;
  const binary = await fhir.read(source.reference, signal);
  return binary?.resourceType === 'Binary' ? decodeImage(binary.data ?? '') : undefined;
}
