// Who may call the ma1sd backend: a listed network, and a secret or a certificate unless the operator chose otherwise.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Request, RequestHandler } from 'express';
import type { Log } from '../../telemetry/log.ts';
import { refusal } from '../protection/json-body.ts';
import { peerAddress } from '../protection/networks.ts';
import type { InNetworks } from '../protection/networks.ts';
import { send } from '../protection/reply.ts';

/** How callers show who they are. */
export type BackendAuth =
  | { readonly kind: 'bearer' | 'path-secret'; readonly secrets: readonly string[] }
  | {
      /** Of the connection itself, by an authority of ours. */
      readonly kind: 'own-client-certificate';
      /** SHA-256 fingerprints or subjects. */
      readonly certificates: readonly string[];
    }
  | {
      readonly kind: 'client-certificate';
      /** The header in which the proxy, which checked the certificate, names it. */
      readonly header: string;
      readonly certificates: readonly string[];
      readonly isProxy: InNetworks;
    }
  | { readonly kind: 'network' };

interface Deps {
  readonly auth: BackendAuth;
  readonly isAllowed: InNetworks;
  readonly callerAddress: (request: Request) => string;
  readonly log: Log;
}

/** Lets through who may call. All others read the same, whatever it is they lack. */
export function backendAccess({ auth, isAllowed, callerAddress, log }: Deps): RequestHandler {
  const shows = credentialCheck(auth);
  return (request, response, next) => {
    // Both are always checked, so that the time tells nothing of which was wrong.
    const allowed = isAllowed(callerAddress(request));
    const known = shows(request);
    if (allowed && known) {
      next();
      return;
    }
    log.warn(
      { network: allowed, credentials: known },
      'Refused a call of the identity backend: see identity.backendAuth and identity.allowedNetworks',
    );
    send(response, refusal(403, 'M_FORBIDDEN', 'You may not call this'));
  };
}

function credentialCheck(auth: BackendAuth): (request: Request) => boolean {
  switch (auth.kind) {
    case 'network':
      return () => true;
    case 'path-secret': {
      const isSecret = constantTimeCheck(auth.secrets);
      return (request) => isSecret(String(request.params['secret'] ?? ''));
    }
    case 'bearer': {
      const isSecret = constantTimeCheck(auth.secrets);
      return ({ headers }) => isSecret(/^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1] ?? '');
    }
    case 'client-certificate': {
      const isCertificate = constantTimeCheck(auth.certificates);
      // Anybody can write a header: only a proxy of ours is believed.
      return (request) =>
        auth.isProxy(peerAddress(request)) && isCertificate(String(request.headers[auth.header] ?? ''));
    }
    case 'own-client-certificate': {
      const isCertificate = constantTimeCheck(auth.certificates);
      return ({ socket }) => namesOf(socket).some(isCertificate);
    }
  }
}

/** What the certificate of a connection goes by; nothing unless it is there and its authority is ours. */
function namesOf(socket: Socket): readonly string[] {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return [];
  // A session that is resumed counts as authorized even if nobody showed a certificate when it began.
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return [];
  const { fingerprint256, subject } = certificate;
  // The parts as proxies name them (RFC 2253): the last first, one comma between.
  return [fingerprint256, subject.split('\n').reverse().join(',')];
}

/** Compares digests, all of them, in constant time. An empty list lets nobody through. */
function constantTimeCheck(accepted: readonly string[]): (given: string) => boolean {
  const digests = accepted.map(digest);
  return (given) => {
    const actual = digest(given);
    return digests.map((expected) => timingSafeEqual(expected, actual)).includes(true);
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
