// What the stub homeserver tells the bridge: the ping, and transactions of events, one at a time and in order.
import { setTimeout as sleep } from 'node:timers/promises';
import { APPSERVICE_ID } from '../../src/matrix/registration.ts';
import { createRegistration } from '../registration.ts';
import { MatrixFailure } from './failure.ts';
import type { Appservice, Call, Reply } from './requests.ts';
import { ok, param } from './requests.ts';
import type { StoredEvent, World } from './world.ts';
import { clientEvent } from './world.ts';

/** Writes a body as text. */
export type Serialize = (body: unknown) => string;

const LARGEST_TRANSACTION = 100;
/** Synapse waits for seconds and at last for minutes. */
const RETRY_MS = { first: 1_000, last: 8_000 };

/** Reads what the stub needs from the bridge's own registration. */
export function appserviceOf({
  serverName,
  asToken,
  hsToken,
  url,
}: {
  serverName: string;
  asToken: string;
  hsToken: string;
  url: string | undefined;
}): Appservice {
  const registration = createRegistration({ serverName, url: url ?? '', asToken, hsToken }) as {
    sender_localpart: string;
    namespaces: Record<'users' | 'aliases', readonly { regex: string }[]>;
  };
  const { sender_localpart, namespaces } = registration;
  const matches = (kind: 'users' | 'aliases'): ((id: string) => boolean) => {
    const patterns = namespaces[kind].map(({ regex }) => new RegExp(`^${regex}`));
    return (id) => patterns.some((pattern) => pattern.test(id));
  };
  return {
    id: APPSERVICE_ID,
    asToken,
    hsToken,
    url,
    sender: `@${sender_localpart}:${serverName}`,
    isOwnUser: matches('users'),
    isOwnAlias: matches('aliases'),
  };
}

/** `POST /_matrix/client/v1/appservice/{id}/ping` */
export async function ping(call: Call): Promise<Reply> {
  const { appservice, body, requester } = call;
  if (!requester.isAppservice || param(call, 'id') !== appservice.id)
    throw new MatrixFailure(403, 'M_FORBIDDEN', 'Mismatching application service ID in path');
  if (appservice.url === undefined)
    throw new MatrixFailure(400, 'M_URL_NOT_SET', 'The application service has no URL');
  const start = performance.now();
  const { transaction_id } = body;
  const status = await send(
    appservice,
    'POST',
    '/_matrix/app/v1/ping',
    JSON.stringify({ transaction_id }),
  ).catch(() => 0);
  if (status === 0) throw new MatrixFailure(502, 'M_CONNECTION_FAILED', 'The bridge did not answer');
  if (status !== 200) throw new MatrixFailure(502, 'M_BAD_STATUS', `The bridge answered ${status}`);
  return ok({ duration_ms: Math.round(performance.now() - start) });
}

/** What became of the transactions so far. */
export interface PushCounts {
  /** Events that no transaction brought yet. */
  readonly waiting: number;
  /** Requests that were not answered 200. */
  readonly failed: number;
}

/** The pushing of events. */
export interface Push {
  readonly counts: () => PushCounts;
  readonly stop: () => Promise<void>;
}

/** Pushes events of the bridge's rooms until it is stopped; what is refused is sent again, under the same id. */
export function startPush(world: World, appservice: Appservice, serialize: Serialize): Push {
  const pending: StoredEvent[] = [];
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let lastTransaction = 0;
  let failed = 0;

  async function run(): Promise<void> {
    while (pending.length > 0 && !stopping.signal.aborted) {
      const events = pending.slice(0, LARGEST_TRANSACTION);
      lastTransaction += 1;
      await push(lastTransaction, serialize({ events: events.map(clientEvent) }));
      pending.splice(0, events.length);
    }
  }

  async function push(transaction: number, body: string): Promise<void> {
    const path = `/_matrix/app/v1/transactions/${transaction}`;
    const { signal } = stopping;
    const isTaken = async (): Promise<boolean> =>
      (await send(appservice, 'PUT', path, body, signal).catch(() => 0)) === 200;
    for (let waitMs = RETRY_MS.first; !signal.aborted; waitMs = Math.min(2 * waitMs, RETRY_MS.last)) {
      if (await isTaken()) return;
      failed += 1;
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
  }

  const listen = (event: StoredEvent): void => {
    if (!isInteresting(world, appservice, event)) return;
    pending.push(event);
    running ??= run().finally(() => {
      running = undefined;
    });
  };
  world.listeners.add(listen);
  return {
    counts: () => ({ waiting: pending.length, failed }),
    async stop() {
      world.listeners.delete(listen);
      stopping.abort();
      await running;
    },
  };
}

/** Of a room where one of the bridge's users is, or was until this event. */
function isInteresting(world: World, { isOwnUser }: Appservice, event: StoredEvent): boolean {
  if (isOwnUser(event.sender) || isOwnUser(event.state_key ?? '')) return true;
  const state = world.rooms.get(event.room_id)?.state ?? new Map<string, StoredEvent>();
  for (const { type, state_key = '', content } of state.values()) {
    if (type === 'm.room.member' && isOwnUser(state_key) && content['membership'] === 'join') return true;
  }
  return false;
}

async function send(
  { url = '', hsToken }: Appservice,
  method: 'POST' | 'PUT',
  path: string,
  body: string,
  signal?: AbortSignal,
): Promise<number> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${hsToken}`, 'content-type': 'application/json' },
    body,
    signal: signal ?? AbortSignal.timeout(60_000),
  });
  await response.body?.cancel();
  return response.status;
}
