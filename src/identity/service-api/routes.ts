// What the routes of the Identity Service API work with, and how they know the user who calls.
import type { Request, RequestHandler } from 'express';
import type { MatrixUserId } from '../../domain/ids.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Medium } from '../directories/directory.ts';
import type { Accounts } from './accounts.ts';
import type { Audit } from '../protection/audit.ts';
import type { Invites } from './invites.ts';
import type { KeyedHash } from '../protection/keyed-hash.ts';
import type { Lookup } from './lookup.ts';
import type { Peppers } from './peppers.ts';
import type { Policies } from './policies.ts';
import type { TakePoints } from '../protection/rate-limits.ts';
import { bearerToken } from '../protection/bearer-token.ts';
import { answering, refusal } from '../protection/reply.ts';
import type { Reply } from '../protection/reply.ts';

export interface ServiceDeps {
  readonly accounts: Accounts;
  readonly policies: Policies;
  readonly peppers: Peppers;
  readonly lookup: Lookup;
  /** Undefined without a signing key or a public URL: then no one can be invited by address. */
  readonly invites: Invites | undefined;
  /** What people can be looked up by. */
  readonly media: readonly Medium[];
  /** Whether addresses may be looked up unhashed. */
  readonly plainLookups: boolean;
  /** Addresses in one look-up at most. */
  readonly lookupLimit: number;
  readonly limits: Readonly<Record<'register' | 'lookup' | 'invite', TakePoints>>;
  readonly callerAddress: (request: Request) => string;
  readonly keyedHash: KeyedHash;
  readonly audit: Audit;
  readonly log: Log;
}

/** Handles the request of a user. */
type UserAnswer = (request: Request, userId: MatrixUserId, signal: AbortSignal) => Promise<Reply>;

interface Options {
  /** Synapse sends its token for `hash_details` in the query, as versions of the API before 1.20 allow. */
  readonly tokenInQuery?: boolean;
  /** Policies are accepted, and accounts left, without having accepted them. */
  readonly beforePolicies?: boolean;
}

/** Makes a handler for users who showed a good token and accepted the policies. */
export function forUsers(deps: ServiceDeps, handle: UserAnswer, options: Options = {}): RequestHandler {
  return answering(async (request, signal) => {
    const token = bearerToken(request) ?? (options.tokenInQuery === true ? queryToken(request) : undefined);
    const userId = token === undefined ? undefined : await deps.accounts.owner(token);
    if (userId === undefined) return unauthorized();
    if (options.beforePolicies !== true && !(await deps.policies.accepted(userId)))
      return refusal(403, 'M_TERMS_NOT_SIGNED', 'Accept the terms of service first: see GET /terms');
    return handle(request, userId, signal);
  }, unavailable(deps.log));
}

function queryToken({ query }: Request): string | undefined {
  return typeof query['access_token'] === 'string' ? query['access_token'] : undefined;
}

/** The refusal of tokens missing, unknown or expired: all alike. */
export const unauthorized = (): Reply =>
  refusal(401, 'M_UNAUTHORIZED', 'The access token is missing or not valid');

/** The refusal of a caller who asks too much. */
export function limitExceeded(waitMs: number): Reply {
  return refusal(429, 'M_LIMIT_EXCEEDED', 'Too many requests', { retry_after_ms: Math.ceil(waitMs) });
}

/** The answer where something the identity server depends on does not answer. */
export const unavailable = (log: Log) => ({
  ...{ log, message: 'A request to the identity server failed' },
  reply: refusal(503, 'M_UNKNOWN', 'The identity server cannot answer at the moment'),
});
