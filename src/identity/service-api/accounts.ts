// Accounts of the identity server: an OpenID token in, a token of ours out, good for a few hours.
import { createHash, randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import type { Clock } from '../../domain/clock.ts';
import type { MatrixUserId } from '../../domain/ids.ts';
import type * as accounts from '../../store/identity-accounts.ts';
import { coalesce } from '../protection/coalesce.ts';
import type { CheckOpenId, OpenIdToken } from './openid.ts';

export type Accounts = ReturnType<typeof createAccounts>;

interface Deps {
  readonly db: Pool;
  readonly store: typeof accounts;
  readonly checkOpenId: CheckOpenId;
  readonly clock: Clock;
  readonly tokenMs: number;
}

const TOKEN_BYTES = 32;
/** How long an owner is remembered: a token that another replica logged out is refused here that much later at most. */
const REMEMBERED_MS = 2_000;
const MOST_REMEMBERED = 10_000;
/** What we give out: 32 bytes in base64url. Anything else need not be looked up. */
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

/** Accounts are tokens only: a token is stored as its digest, and its owner is looked up anew every few seconds. */
export function createAccounts({ db, store, checkOpenId, clock, tokenMs }: Deps) {
  const findOwner = coalesce(
    async (digests: readonly Buffer[]) => {
      const owners = await store.findTokenOwners(db, digests, clock.now());
      return digests.map((digest) => ({ userId: owners.get(digest.toString('hex')) }));
    },
    { largest: 200, concurrent: 4 },
  );
  const remembered = new LRUCache<string, { readonly userId: MatrixUserId; readonly until: number }>({
    max: MOST_REMEMBERED,
  });

  async function ownerOf(token: string): Promise<MatrixUserId | undefined> {
    const known = remembered.get(token);
    if (known !== undefined && known.until > clock.monotonicMs()) return known.userId;
    const { userId } = await findOwner(digestOf(token));
    if (userId !== undefined) remembered.set(token, { userId, until: clock.monotonicMs() + REMEMBERED_MS });
    else remembered.delete(token);
    return userId;
  }

  return {
    /** A token for the owner of the OpenID token; undefined where that has none. */
    async register(openId: OpenIdToken, signal: AbortSignal): Promise<string | undefined> {
      const userId = await checkOpenId(openId, signal);
      if (userId === undefined) return undefined;
      const token = randomBytes(TOKEN_BYTES).toString('base64url');
      const expiresAt = new Date(clock.now().getTime() + tokenMs);
      await store.saveToken(db, { digest: digestOf(token), userId, expiresAt });
      return token;
    },
    /** Whose a token is; undefined for tokens unknown, expired or logged out. */
    owner: async (token: string) => (TOKEN.test(token) ? ownerOf(token) : undefined),
    /** Forgets a token; tells whether there was one. */
    async logout(token: string): Promise<boolean> {
      if (!TOKEN.test(token)) return false;
      const wasGood = await store.removeToken(db, digestOf(token), clock.now());
      remembered.delete(token);
      return wasGood;
    },
  };
}

const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();
