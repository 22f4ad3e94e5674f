// How handlers answer: they return a reply, and one place writes it, in time and whatever they throw.
import type { Request, RequestHandler, Response } from 'express';
import { within } from './deadline.ts';

/** A status and a JSON body. */
export interface Reply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Handles a request; what it throws becomes the reply of `onFailure`. */
type Answer = (request: Request, signal: AbortSignal) => Promise<Reply>;

/** A reply of 200. */
export const ok = (body: Reply['body']): Reply => ({ status: 200, body });

/** ma1sd sets no time limit and has two connections: whatever takes longer holds up half of its callers. */
const DEADLINE_MS = 1_500;

/**
 * Makes a handler for express.
 * @param onFailure the reply where the handler throws or is late; also the place to log
 */
export function answering(handle: Answer, onFailure: (error: unknown) => Reply): RequestHandler {
  return async (request, response) => {
    let reply: Reply;
    try {
      reply = await within(DEADLINE_MS, (signal) => handle(request, signal));
    } catch (error) {
      reply = onFailure(error);
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
