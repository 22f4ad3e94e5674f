// Homeserver operations by which the bridge sees that a side has gone back: a number that it keeps on both, and rooms that are gone.
import { z } from 'zod';
import type { MatrixUserId, RoomId } from '../domain/ids.ts';
import { isRefusal, success, unlessRefused, type MatrixClient } from './client.ts';

/** The type of the account data that holds the number. */
export const CONTINUITY_TYPE = 'io.github.fhir-matrix-bridge.continuity';

const continuitySchema = z.object({ number: z.int().nonnegative() }).catch({ number: 0 });

/** Creates the operations on a client. */
export function createContinuity(client: Pick<MatrixClient, 'get' | 'post' | 'put'>) {
  const pathOf = (userId: MatrixUserId) => ['user', userId, 'account_data', CONTINUITY_TYPE];
  return {
    /** The number in a user's account data; 0 where there is none. */
    async keptNumber(as: MatrixUserId, signal?: AbortSignal): Promise<number> {
      const answer = client.get('read number', pathOf(as), continuitySchema, { as, signal });
      return (await unlessRefused(answer, 404))?.number ?? 0;
    },

    /** Whether the homeserver does not know a room that was made on it: then no one can join it. */
    async isRoomGone(as: MatrixUserId, roomId: RoomId, signal?: AbortSignal): Promise<boolean> {
      const joining = client.post('join', ['rooms', roomId, 'join'], success, { as, body: {}, signal });
      return joining.then(
        () => false,
        (error: unknown) => {
          if (isRefusal(error, 404)) return true;
          if (isRefusal(error, 403)) return false;
          throw error;
        },
      );
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
