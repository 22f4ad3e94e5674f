// Invitations to people who are not known yet: a token and two keys for the room, and a row until they are known.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Pool } from 'pg';
import type { Clock } from '../../domain/clock.ts';
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import { withoutTrailing } from '../../domain/trailing.ts';
import type * as invites from '../../store/identity-invites.ts';
import type { Directory, Threepid } from '../directories/directory.ts';
import { rawPublicKey } from './canonical-json.ts';
import type { SigningKey } from './canonical-json.ts';

/** An invitation as the inviter's homeserver gives it. */
interface NewInvite {
  readonly threepid: Threepid;
  readonly roomId: RoomId;
  readonly sender: MatrixUserId;
}

export type Invites = ReturnType<typeof createInvites>;

interface Deps {
  readonly db: Pool;
  readonly store: typeof invites;
  readonly directory: Pick<Directory, 'resolve'>;
  /** The one that signs first, then those it followed: they stay valid. */
  readonly keys: readonly [SigningKey, ...SigningKey[]];
  /** Where homeservers reach the identity server: it stands in rooms, for good. */
  readonly publicUrl: string;
  readonly clock: Clock;
  readonly inviteMs: number;
}

/** Stores invitations of people whom no directory knows yet, and answers for their keys. */
export function createInvites(deps: Deps) {
  const { db, store, directory, keys, clock } = deps;
  return {
    /** Stores an invitation, unless the invitee is known by now. */
    async store({ threepid, roomId, sender }: NewInvite, signal: AbortSignal) {
      const resolution = await directory.resolve(threepid, signal);
      if (resolution.kind === 'found') return { kind: 'known', userId: resolution.userId } as const;
      const token = randomBytes(32).toString('base64url');
      // The private half would go to the invitee by e-mail, to prove who they are. The bridge sends none: it is dropped.
      const ephemeralKey = rawPublicKey(generateKeyPairSync('ed25519').publicKey);
      const expiresAt = new Date(clock.now().getTime() + deps.inviteMs);
      const keyId = keys[0].id;
      await store.saveInvite(db, { token, ...threepid, roomId, sender, keyId, ephemeralKey, expiresAt });
      return { kind: 'stored', body: inviteBody(deps, { token, ephemeralKey, threepid }) } as const;
    },
    /** Whether a long-term key is ours. */
    isOurs: (publicKey: string): boolean => keys.some((key) => key.publicKey === standardBase64(publicKey)),
    /** Whether an ephemeral key is that of an invitation still valid. */
    isEphemeral: (publicKey: string): Promise<boolean> =>
      store.isEphemeralKey(db, standardBase64(publicKey), clock.now()),
    /** The public half of a long-term key. */
    publicKey: (keyId: string): string | undefined => keys.find(({ id }) => id === keyId)?.publicKey,
  };
}

/** What the homeserver puts into the room's `m.room.third_party_invite`. */
function inviteBody(
  { keys, publicUrl }: Deps,
  { token, ephemeralKey, threepid }: { token: string; ephemeralKey: string; threepid: Threepid },
) {
  const validity = `${publicUrl}/_matrix/identity/v2/pubkey`;
  const [{ publicKey }] = keys;
  return {
    token,
    public_keys: [
      { public_key: publicKey, key_validity_url: `${validity}/isvalid` },
      { public_key: ephemeralKey, key_validity_url: `${validity}/ephemeral/isvalid` },
    ],
    // As Synapse reads it.
    public_key: publicKey,
    display_name: redactEmail(threepid.address),
  };
}

/** `an@hospital.example` → `a...@h...`: all members of the room read it, on every homeserver, for good. */
function redactEmail(address: string): string {
  const [localpart = '', domain = ''] = address.split('@');
  const first = (text: string): string => Array.from(text)[0] ?? '';
  return `${first(localpart)}...@${first(domain)}...`;
}

/** Unpadded standard base64, from either alphabet; a plus sign that came through a query as a space is mended. */
function standardBase64(key: string): string {
  return withoutTrailing(key.replaceAll('-', '+').replaceAll('_', '/').replaceAll(' ', '+'), '=');
}
