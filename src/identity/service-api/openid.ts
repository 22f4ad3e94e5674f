// The owner of an OpenID token: asked of the homeserver that is said to have given it, and bound to that homeserver
// (https://spec.matrix.org/v1.19/server-server-api/#openid).
import { z } from 'zod';
import type { MatrixUserId } from '../../domain/ids.ts';
import { isMatrixUserId, serverNameOf } from '../../domain/ids.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Federation } from './federation.ts';

/** The answer of `/openid/request_token`, as far as it matters. */
export interface OpenIdToken {
  readonly accessToken: string;
  readonly serverName: string;
}

/**
 * The owner of a token; undefined for a token that is not accepted, whatever the reason.
 * @throws BridgeError when the homeserver does not answer
 */
export type CheckOpenId = (token: OpenIdToken, signal: AbortSignal) => Promise<MatrixUserId | undefined>;

const userInfoSchema = z.looseObject({ sub: z.string().max(255) });
const TIMEOUT_MS = 1_200;

/** Checks tokens with the homeservers that the operator named, and no others. */
export function createOpenIdCheck({ federation, log }: { federation: Federation; log: Log }): CheckOpenId {
  return async ({ accessToken, serverName }, signal) => {
    if (!federation.serves(serverName)) {
      log.info({}, 'Refused an OpenID token: its homeserver is not in identity.homeservers');
      return undefined;
    }
    const { status, body } = await federation.ask(
      serverName,
      {
        operation: 'openid userinfo',
        method: 'GET',
        path: `/_matrix/federation/v1/openid/userinfo?${new URLSearchParams({ access_token: accessToken }).toString()}`,
      },
      AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    );
    if (status === 429 || status >= 500)
      throw new BridgeError('matrix-unavailable', `openid userinfo: ${status}`);
    const userInfo = userInfoSchema.safeParse(body);
    if (status !== 200 || !userInfo.success) {
      log.info({ server: serverName, status }, 'Refused an OpenID token: its homeserver does not know it');
      return undefined;
    }
    const { sub } = userInfo.data;
    // A homeserver speaks for its own users only. Otherwise any homeserver could register as any user.
    if (isMatrixUserId(sub) && serverNameOf(sub) === serverName) return sub;
    log.warn({ server: serverName }, 'Refused an OpenID token: its homeserver names a user of another');
    return undefined;
  };
}
