// The pseudonym service over HTTP: docs/reference/pseudonym-service.md is its contract.
import { z } from 'zod';
import type { FhirReference } from '../domain/ids.ts';
import { isFhirId } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { RequestObserver } from '../telemetry/metrics.ts';
import type { Post } from './post.ts';
import { createPost } from './post.ts';
import type { Pseudonyms } from './pseudonyms.ts';
import { noPseudonyms } from './pseudonyms.ts';

/** Where the service is; without a URL for one of the two directions, that one is left out. */
export interface ServiceOptions {
  readonly tokenUrl?: string | undefined;
  readonly resolverUrl?: string | undefined;
  readonly bearerToken?: string | undefined;
  readonly timeoutMs: number;
  /** The own homeserver: who a received token was meant for. */
  readonly serverName: string;
  readonly observe: RequestObserver;
}

const tokenAnswer = z.object({ token: z.string().min(1).optional() });
const patientAnswer = z.object({
  patient: z
    .string()
    .refine((reference) => reference.startsWith('Patient/') && isFhirId(reference.slice('Patient/'.length)))
    .transform((reference) => reference as FhirReference)
    .optional(),
});

/** Speaks to the service, for the directions that have a URL. */
export function createPseudonyms({ tokenUrl, resolverUrl, ...options }: ServiceOptions): Pseudonyms {
  const { serverName, observe, timeoutMs, bearerToken } = options;
  const post = (operation: string, url: string): Post =>
    createPost({ operation, url, bearerToken, timeoutMs, observe });
  return {
    ...noPseudonyms,
    ...(tokenUrl !== undefined && { tokenFor: tokenFrom(post('get token', tokenUrl)) }),
    ...(resolverUrl !== undefined && {
      canResolve: true,
      resolve: resolvedBy(post('resolve token', resolverUrl), serverName),
    }),
  };
}

function tokenFrom(post: Post): Pseudonyms['tokenFor'] {
  return async ({ subject, recipientServer }, signal) => {
    const answer = await post({ subject, audience: recipientServer }, signal);
    return checked('get token', tokenAnswer, answer)?.token;
  };
}

function resolvedBy(post: Post, serverName: string): Pseudonyms['resolve'] {
  return async ({ token, platform, senderServer, invitation }, signal) => {
    const body = { token, platform, sender: senderServer, audience: serverName, requestId: invitation };
    return checked('resolve token', patientAnswer, await post(body, signal))?.patient;
  };
}

function checked<Schema extends z.ZodType>(
  operation: string,
  schema: Schema,
  answer: unknown,
): z.output<Schema> | undefined {
  if (answer === undefined) return undefined;
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new BridgeError('pseudonym-answer', `${operation}: unexpected answer at ${fields}`);
}
