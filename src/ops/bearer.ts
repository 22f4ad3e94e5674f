// Checks the secrets that callers show, in constant time, with a second valid secret during a rotation.
import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** The token of an `Authorization: Bearer …` header. */
const bearerToken = (authorization: string | undefined): string | undefined =>
  /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];

/**
 * Creates a check of secrets.
 * @param accepted the secrets that are right; all are compared, each in constant time. Without any, none is right
 */
export function createSecretCheck(accepted: readonly (string | undefined)[]): (shown: string) => boolean {
  const digests = accepted.filter((secret) => secret !== undefined).map(digest);
  return (shown) => {
    const given = digest(shown);
    return digests.map((expected) => timingSafeEqual(expected, given)).includes(true);
  };
}

/**
 * Creates a check of `Authorization: Bearer …` headers.
 * @param accepted the tokens that are right
 * @returns how a request stands: no token, a wrong one, or the right one
 */
export function createBearerCheck(
  accepted: readonly (string | undefined)[],
): (authorization: string | undefined) => 'missing' | 'wrong' | 'right' {
  const isRight = createSecretCheck(accepted);
  return (authorization) => {
    const token = bearerToken(authorization);
    if (token === undefined) return 'missing';
    return isRight(token) ? 'right' : 'wrong';
  };
}
