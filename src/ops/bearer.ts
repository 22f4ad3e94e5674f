// Checks the bearer tokens of all endpoints in constant time, with a second valid token during a rotation.
import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Whether a request has no token, a wrong one, or the right one. */
export type BearerVerdict = 'missing' | 'wrong' | 'right';

/**
 * Creates a check of `Authorization: Bearer …` headers.
 * @param accepted the valid tokens; each is compared in constant time
 */
export function createBearerCheck(
  accepted: readonly (string | undefined)[],
): (authorization: string | undefined) => BearerVerdict {
  const digests = accepted.filter((token) => token !== undefined).map(digest);
  return (authorization) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? [];
    if (token === undefined) return 'missing';
    const given = digest(token);
    const matches = digests.map((expected) => timingSafeEqual(expected, given));
    return matches.includes(true) ? 'right' : 'wrong';
  };
}
