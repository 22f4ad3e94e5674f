// Where a pushed transaction stands in the sequence, as far as its request tells.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../domain/clock.ts';
import type { PushOrder } from '../domain/matrix.ts';

/** By these a proxy tells that it stands in between: its connections outlast those of the homeserver. */
const OF_PROXIES = ['via', 'forwarded', 'x-forwarded-for'];

/**
 * Creates what reads the order off a request. A connection that was there when the transaction before came is one of the same process of the
 * homeserver, so that nothing got lost with its memory in between; and Synapse numbers transactions in sequence.
 */
export function createReadPushOrder(
  clock: Pick<Clock, 'now'>,
): (request: Pick<IncomingMessage, 'headers' | 'socket'>, txnId: string) => PushOrder {
  const firstSeen = new WeakMap<Socket, Date>();
  return ({ headers, socket }, txnId) => {
    const connectedAt = firstSeen.get(socket) ?? clock.now();
    firstSeen.set(socket, connectedAt);
    const tells = /^[1-9]\d{0,14}$/.test(txnId) && OF_PROXIES.every((name) => headers[name] === undefined);
    return { number: tells ? Number(txnId) : undefined, connectedAt };
  };
}

/** The order of which nothing is known. */
export const NO_ORDER: PushOrder = { number: undefined, connectedAt: new Date(0) };
