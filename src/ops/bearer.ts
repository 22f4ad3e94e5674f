// The check of bearer tokens on every endpoint: constant in time, with room for a second token while one rotates.
import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** How a request stands: no token, a wrong one, or the right one. */
export type BearerVerdict = 'missing' | 'wrong' | 'right';

/**
 * Creates a check of `Authorization: Bearer …` headers.
 * @param accepted the tokens that are right; all are compared, each in constant time
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
