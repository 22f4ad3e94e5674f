// Bodies of requests: JSON of a bounded size whatever the Content-Type says, and what is wrong with it as a reply.
import express from 'express';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { z } from 'zod';
import type { Log } from '../../telemetry/log.ts';
import { refusal, RefusedError, send } from './reply.ts';
import type { Reply } from './reply.ts';

/** A bulk look-up of the most addresses, each as long as they come, fits. */
const LARGEST_BODY = '64kb';

/** Reads JSON bodies. Compressed ones are refused: no client sends them, and a small one can unpack to a huge one. */
export const jsonBody: RequestHandler = express.json({
  limit: LARGEST_BODY,
  strict: false,
  inflate: false,
  type: () => true,
});

/**
 * Reads a body by a schema.
 * @throws RefusedError with a reply that names the fields at fault and never their values
 */
export function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const parsed = schema.safeParse(body, { reportInput: true });
  if (parsed.success) return parsed.data;
  throw new RefusedError(faultyBody(body, parsed.error));
}

function faultyBody(body: unknown, { issues }: z.ZodError): Reply {
  if (body === undefined) return refusal(400, 'M_NOT_JSON', 'The request has no body');
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    return refusal(400, 'M_BAD_JSON', 'Expected a JSON object');
  const missing = fieldsOf(issues.filter(({ input }) => input === undefined));
  if (missing.length > 0)
    return refusal(400, 'M_MISSING_PARAMS', `Missing parameters: ${missing.join(', ')}`);
  return refusal(400, 'M_INVALID_PARAM', `Invalid parameters: ${fieldsOf(issues).join(', ')}`);
}

/** Names come from the schema, never from the request. */
function fieldsOf(issues: z.ZodError['issues']): readonly string[] {
  return [...new Set(issues.map(({ path }) => path.filter((part) => typeof part === 'string').join('.')))];
}

/** Answers for bodies that could not be read, and for faults of ours. */
export function bodyFaults(log: Log): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) {
      next(error);
      return;
    }
    send(response, faultOf(error, log));
  };
}

function faultOf(error: unknown, log: Log): Reply {
  const status =
    typeof error === 'object' && error !== null && 'status' in error ? Number(error.status) : undefined;
  if (status === 413) return refusal(413, 'M_TOO_LARGE', 'The request is too large');
  if (status !== undefined && status >= 400 && status < 500)
    return refusal(400, 'M_NOT_JSON', 'The request cannot be read');
  log.error({ error }, 'A request of the identity server failed with an unexpected error');
  return refusal(500, 'M_UNKNOWN', 'The request failed');
}
