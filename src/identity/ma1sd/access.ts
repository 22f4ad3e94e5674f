// Who may call the ma1sd backend: a listed network, and a secret or a certificate unless the operator chose otherwise.
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Request, RequestHandler } from 'express';
import type { Log } from '../../telemetry/log.ts';
import { bearerToken } from '../protection/bearer-token.ts';
import type { InNetworks } from '../protection/networks.ts';
import { refusal, send } from '../protection/reply.ts';

/** How callers show who they are; `accepts` compares what they show in constant time: a secret, a certificate's name. */
export type BackendAuth =
  | {
      readonly kind: 'bearer' | 'path-secret' | 'client-certificate';
      readonly accepts: (shown: string) => boolean;
    }
  | { readonly kind: 'network' };

interface Deps {
  readonly auth: BackendAuth;
  readonly isAllowed: InNetworks;
  readonly callerAddress: (request: Request) => string;
  readonly log: Log;
}

/** Lets through who may call. Every refusal reads the same, whatever the caller lacks. */
export function backendAccess({ auth, isAllowed, callerAddress, log }: Deps): RequestHandler {
  return (request, response, next) => {
    // Both are always checked, so that the time does not tell which was wrong.
    const allowed = isAllowed(callerAddress(request));
    const known = hasCredentials(auth, request);
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

function hasCredentials(auth: BackendAuth, request: Request): boolean {
  switch (auth.kind) {
    case 'network':
      return true;
    case 'path-secret':
      return auth.accepts(String(request.params['secret'] ?? ''));
    case 'bearer':
      return auth.accepts(bearerToken(request) ?? '');
    case 'client-certificate':
      return namesOf(request.socket).some(auth.accepts);
  }
}

/** The fingerprint and the subject of a connection's certificate; none unless one of our authorities issued it. */
function namesOf(socket: Socket): readonly string[] {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return [];
  // A resumed session counts as authorized even if it began without a certificate.
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return [];
  const { fingerprint256, subject } = certificate;
  // Its parts as https://www.rfc-editor.org/rfc/rfc2253 writes them: the last first, one comma between.
  return [fingerprint256, subject.split('\n').reverse().join(',')];
}
