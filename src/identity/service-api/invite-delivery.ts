// Tells homeservers that an invited person is known now: `POST /3pid/onbind`, tried until it succeeds or is too late.
import type { Pool } from 'pg';
import { z } from 'zod';
import type { Clock, Sleep } from '../../domain/clock.ts';
import { serverNameOf } from '../../domain/ids.ts';
import type { MatrixUserId } from '../../domain/ids.ts';
import type * as invites from '../../store/identity-invites.ts';
import type { InviteRow, TakenInvite } from '../../store/identity-invites.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Directory } from '../directories/directory.ts';
import { threepidOf } from '../directories/threepid.ts';
import { signJson } from './canonical-json.ts';
import type { SigningKey } from './canonical-json.ts';
import { within } from '../protection/deadline.ts';
import type { Federation } from './federation.ts';

interface Deps {
  readonly db: Pool;
  readonly store: typeof invites;
  readonly directory: Pick<Directory, 'resolve'>;
  readonly federation: Federation;
  /** Each invitation is signed with the one that its room knows. */
  readonly keys: readonly SigningKey[];
  /** The name under which we sign. */
  readonly serverName: string;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
  /** How often the directories are asked after each person invited. */
  readonly intervalMs: number;
}

const BATCH = 50;
const RESOLVE_MS = 5_000;
const TELL_MS = 20_000;
/** Longer than both ways of telling can take: no other replica begins meanwhile. */
const HOLD_MS = 3 * TELL_MS;
const LONGEST_WAIT_MS = 60 * 60 * 1000;
/** More than a day, as the waits grow: a homeserver that still refuses then has a reason, such as an invitation revoked. */
const MOST_ATTEMPTS = 36;
/** Between passes that found nothing due. */
const IDLE_MS = 1_000;
const errorSchema = z.looseObject({ errcode: z.string().regex(/^[A-Z_.]{1,60}$/i) });

/**
 * Delivers invitations whose invitee a directory knows by now, again and again until the signal is aborted. Any number of
 * replicas may at one time.
 */
export function createInviteDelivery(deps: Deps): (signal: AbortSignal) => Promise<void> {
  const { db, store, clock, sleep, log, intervalMs } = deps;

  async function deliverDue(): Promise<number> {
    const now = clock.now();
    const nextAttemptAt = new Date(now.getTime() + intervalMs);
    const due = await store.takeInvites(db, { now, nextAttemptAt, most: BATCH });
    for (const invite of due) await deliver(deps, invite);
    return due.length;
  }

  return async (signal) => {
    while (!signal.aborted) {
      const found = await deliverDue().catch((error: unknown) => {
        log.warn({ error }, 'Could not look after stored invitations; trying again');
        return 0;
      });
      if (found < BATCH) await sleep(Math.min(IDLE_MS, intervalMs), signal);
    }
  };
}

async function deliver(deps: Deps, invite: TakenInvite): Promise<void> {
  const { db, store, directory, clock, log, intervalMs } = deps;
  try {
    const threepid = threepidOf(invite.medium, invite.address);
    if (threepid === undefined) return;
    const resolution = await within(RESOLVE_MS, (signal) => directory.resolve(threepid, signal));
    if (resolution.kind !== 'found') return;
    const { userId } = resolution;
    // Those before it in the batch may have taken so long that its turn came again, for another replica.
    if (!(await store.holdInvite(db, invite, new Date(clock.now().getTime() + HOLD_MS)))) return;
    await tell(deps, invite, userId);
    await store.completeInvite(db, invite.token, clock.now());
    log.info(
      { server: serverNameOf(userId) },
      'An invitation found its invitee, whose homeserver has it now',
    );
  } catch (error) {
    const attempts = invite.attempts + 1;
    const code = error instanceof BridgeError ? error.message : 'unexpected';
    log.warn({ error, attempts }, 'An invitation could not be delivered');
    const waitMs = Math.min(intervalMs * 2 ** Math.min(attempts, 12), LONGEST_WAIT_MS);
    const nextAttemptAt = new Date(clock.now().getTime() + waitMs);
    if (attempts < MOST_ATTEMPTS)
      await store.postponeInvite(db, { token: invite.token, error: code, nextAttemptAt });
    else await store.abandonInvite(db, invite.token, code);
  }
}

/** Synapse takes POST, other homeservers PUT as specified (https://spec.matrix.org/v1.19/server-server-api/#put_matrixfederationv13pidonbind). */
async function tell(deps: Deps, invite: InviteRow, userId: MatrixUserId): Promise<void> {
  const server = serverNameOf(userId);
  if (!deps.federation.serves(server))
    throw new BridgeError('matrix-refused', 'the invitee’s homeserver is not in identity.homeservers');
  const json = bindNotice(deps, invite, userId);
  for (const method of ['POST', 'PUT'] as const) {
    const { status, body: answer } = await within(TELL_MS, (signal) =>
      deps.federation.ask(
        server,
        { operation: 'onbind', method, path: '/_matrix/federation/v1/3pid/onbind', json },
        signal,
      ),
    );
    if (status >= 200 && status < 300) return;
    const wrongMethod = status === 404 || status === 405;
    if (!wrongMethod || method === 'PUT') {
      const refusal = errorSchema.safeParse(answer);
      throw new BridgeError(
        'matrix-refused',
        `onbind: ${status}${refusal.success ? ` ${refusal.data.errcode}` : ''}`,
      );
    }
  }
}

/** Who is bound and what they are invited to, each signed by the key that the room knows. */
function bindNotice(
  { serverName, keys }: Deps,
  { medium, address, token, roomId, sender, keyId }: InviteRow,
  mxid: MatrixUserId,
): unknown {
  const key = keys.find(({ id }) => id === keyId);
  if (key === undefined) throw new BridgeError('matrix-refused', 'the key that signs for the room is gone');
  const signed = signJson({ mxid, token }, serverName, key);
  const invite = { medium, address, mxid, room_id: roomId, sender, signed };
  return signJson({ medium, address, mxid, invites: [invite] }, serverName, key);
}
