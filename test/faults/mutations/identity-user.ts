// A user of the Identity Service API, with the right to ask, and someone to be found.
import type pg from 'pg';
import { z } from 'zod';
import type { MatrixUserId } from '../../../src/domain/ids.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import { saveIdentityRecords } from '../../../src/store/identity-records.ts';
import { waitUntil } from '../../../stack/wait.ts';
import { EMAIL, FAMILY, SECRETS } from './canaries.ts';

const registeredSchema = z.object({ token: z.string() });

const detailsSchema = z.object({ lookup_pepper: z.string() });

/** A user, and the pepper of the moment. */
export interface IdentityUser {
  readonly token: string;
  readonly pepper: string;
}

/** Registers the user, and brings in someone whom look-ups find. */
export async function registerIdentityUser(pool: pg.Pool, port: number): Promise<IdentityUser> {
  const person = {
    key: 'known',
    userId: '@known:users.example' as MatrixUserId,
    displayName: `Noor ${FAMILY}`,
  };
  const addresses = [{ medium: 'email', address: EMAIL }] as const;
  const record = { ...person, addresses, reference: undefined, words: ['noor', FAMILY.toLowerCase()] };
  await inTransaction(pool, (tx) => saveIdentityRecords(tx, 'local', [record], undefined));
  const url = `http://127.0.0.1:${port}/_matrix/identity/v2`;
  const token = await register(url);
  const pepper = await waitUntil(() => pepperOf(url, token), {
    what: 'there is a pepper',
    timeoutMs: 30_000,
  });
  return { token, pepper };
}

async function pepperOf(url: string, token: string): Promise<string | undefined> {
  const response = await fetch(`${url}/hash_details`, { headers: { authorization: `Bearer ${token}` } });
  return detailsSchema.safeParse(await response.json()).data?.lookup_pepper;
}

async function register(url: string): Promise<string> {
  const response = await fetch(`${url}/account/register`, {
    method: 'POST',
    body: JSON.stringify({
      ...{
        access_token: SECRETS.openId,
        token_type: 'Bearer',
        matrix_server_name: 'users.example',
        expires_in: 3600,
      },
    }),
  });
  return registeredSchema.parse(await response.json()).token;
}
