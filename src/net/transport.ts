// The connections to one destination: which addresses they may go to, with which certificates, and how much may come back.
import { isIP } from 'node:net';
import { Agent, buildConnector, DecoratorHandler } from 'undici';
import type { Dispatcher } from 'undici';
import { HttpFailure } from './failure.ts';
import { isPublicAddress, lookupPublic, notPublic } from './public-addresses.ts';

/** Certificates of our side and of theirs, as PEM. */
export interface Tls {
  /** The authorities to trust, in place of the public ones. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** What connections may do. */
export interface TransportOptions {
  /** Whether the address may be a private one, and the protocol plain http. */
  readonly allowPrivateAddresses: boolean;
  readonly tls?: Tls | undefined;
  readonly largestAnswerBytes: number;
  /** Connections to one server at most; further requests wait. Without it there is no limit. */
  readonly maxConnections?: number | undefined;
  /** Milliseconds for a connection to be made. */
  readonly connectTimeoutMs: number;
}

/** Asked of every server: what is compressed could become any size, and is refused. */
export const UNCOMPRESSED = { 'accept-encoding': 'identity' } as const;

/** Creates the connections. They follow no redirects, and have no time limit of their own once they are made. */
export function createTransport(options: TransportOptions): Dispatcher {
  const agent = new Agent({
    connect: connectorOf(options),
    connections: options.maxConnections ?? null,
    maxResponseSize: options.largestAnswerBytes,
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return agent.compose(refuseCompressed);
}

/** Tells whether connections to a URL may be tried. Names are judged again when they are resolved; addresses never are. */
export function mayConnect(
  { allowPrivateAddresses }: Pick<TransportOptions, 'allowPrivateAddresses'>,
  { protocol, hostname }: Pick<URL, 'protocol' | 'hostname'>,
): boolean {
  if (allowPrivateAddresses) return true;
  const host = hostname.replace(/^\[|\]$/g, '');
  return protocol === 'https:' && (isIP(host) === 0 || isPublicAddress(host));
}

function connectorOf(options: TransportOptions): buildConnector.connector {
  const connect = buildConnector({
    ...options.tls,
    timeout: options.connectTimeoutMs,
    ...(!options.allowPrivateAddresses && { lookup: lookupPublic }),
  });
  return (target, callback) => {
    if (mayConnect(options, target)) connect(target, endingAtFirstError(callback));
    else callback(notPublic(), null);
  };
}

/** After a server's alert comes its end, for which undici would take the failure: the alert says more. */
function endingAtFirstError(callback: buildConnector.Callback): buildConnector.Callback {
  return (...result) => {
    const [, socket] = result;
    socket?.once('error', (error: Error) => socket.destroy(error));
    callback(...result);
  };
}

const refuseCompressed: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) => {
  const guarded: Dispatcher.DispatchHandler = new DecoratorHandler(handler);
  const start = guarded.onResponseStart?.bind(guarded);
  guarded.onResponseStart = (controller, status, headers, message) => {
    const encoding = headers['content-encoding'] ?? 'identity';
    if (encoding !== '' && encoding !== 'identity') {
      throw new HttpFailure('too-large', 'answer compressed');
    }
    start?.(controller, status, headers, message);
  };
  return dispatch(options, guarded);
};
