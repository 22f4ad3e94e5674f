// The token in the Authorization header of a request.
import type { IncomingMessage } from 'node:http';

/** The token of `Authorization: Bearer …` (https://www.rfc-editor.org/rfc/rfc6750#section-2.1); undefined without one. */
export function bearerToken({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
}
