// Homeserver operations on the number that the bridge keeps on both sides, so that it sees when one of them has gone back.
import { z } from 'zod';
import type { MatrixUserId } from '../domain/ids.ts';
import { success, unlessRefused, type MatrixClient } from './client.ts';

/** The type of the account data that holds the number. */
export const CONTINUITY_TYPE = 'io.github.fhir-matrix-bridge.continuity';

const continuitySchema = z.object({ number: z.int().nonnegative() }).catch({ number: 0 });

/** Creates the operations on a client. */
export function createContinuity(client: Pick<MatrixClient, 'get' | 'put'>) {
  const pathOf = (userId: MatrixUserId) => ['user', userId, 'account_data', CONTINUITY_TYPE];
  return {
    /** The number in a user's account data; 0 where there is none. */
    async keptNumber(as: MatrixUserId, signal?: AbortSignal): Promise<number> {
      const answer = client.get('read number', pathOf(as), continuitySchema, { as, signal });
      return (await unlessRefused(answer, 404))?.number ?? 0;
    },

    /** Keeps a number in a user's account data. */
    async keepNumber(as: MatrixUserId, number: number, signal?: AbortSignal): Promise<void> {
      await client.put('keep number', pathOf(as), success, { as, body: { number }, signal });
    },
  };
}

/**
 * Whether a position of `/sync` is before another: the homeserver was restored to a state from before that one. Synapse's positions
 * begin with the number of the latest event, which only goes up; of others nothing can be told.
 */
export function goesBack(before: string, after: string): boolean {
  const [from, to] = [before, after].map((position) =>
    Number(/^s(\d{1,15})_/.exec(position)?.[1] ?? Number.NaN),
  );
  return from !== undefined && to !== undefined && to < from;
}
