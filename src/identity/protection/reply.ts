// How handlers answer: they return a reply, and one place writes it, in time and whatever they throw.
import type { Request, RequestHandler, Response } from 'express';
import type { Log } from '../../telemetry/log.ts';
import { within } from './deadline.ts';

/** A status and a JSON body. */
export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A request that is refused with a reply of its own. */
export class RefusedError extends Error {
  readonly reply: Reply;
  constructor(reply: Reply) {
    super('The request is refused');
    this.name = 'RefusedError';
    this.reply = reply;
  }
}

/** A reply of 200. */
export const ok = (body: Reply['body']): Reply => ({ status: 200, body });

/** A Matrix error (https://spec.matrix.org/v1.19/identity-service-api/#standard-error-response). */
export const refusal = (status: number, errcode: string, error: string, more: Reply['body'] = {}): Reply => ({
  status,
  body: { errcode, error, ...more },
});

/** ma1sd sets no time limit and has two connections: whatever takes longer holds up half of its callers. */
const DEADLINE_MS = 1_500;

/**
 * Makes a handler for express.
 * @param failure what is logged and replied where the handler throws anything but a RefusedError, or is late
 */
export function answering(
  handle: (request: Request, signal: AbortSignal) => Promise<Reply>,
  { log, message, reply: failed }: { readonly log: Log; readonly message: string; readonly reply: Reply },
): RequestHandler {
  return async (request, response) => {
    let reply: Reply;
    try {
      reply = await within(DEADLINE_MS, (signal) => handle(request, signal));
    } catch (error) {
      if (!(error instanceof RefusedError)) log.error({ error }, message);
      reply = error instanceof RefusedError ? error.reply : failed;
    }
    send(response, reply);
  };
}

/** Writes a reply, if the caller is still there. */
export function send(response: Response, { status, body }: Reply): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(body));
}
