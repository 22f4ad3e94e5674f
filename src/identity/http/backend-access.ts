// Who may call the ma1sd backend: a listed network, and a secret or a certificate unless the operator chose otherwise.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import type { Log } from '../../telemetry/log.ts';
import { refusal } from './json-body.ts';
import { peerAddress } from './networks.ts';
import type { InNetworks } from './networks.ts';
import { send } from './reply.ts';

/** How callers show who they are. */
export type BackendAuth =
  | { readonly kind: 'bearer' | 'path-secret'; readonly secrets: readonly string[] }
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
  }
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
