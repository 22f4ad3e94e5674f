// How long a server asks to wait before the next try: the header Retry-After in both its forms (RFC 9110, section 10.2.3).

/** The longest wait that is believed: a server that asks for days would hold up a conversation for days. */
const LONGEST_MS = 3_600_000;

/**
 * Reads the header: seconds, or an HTTP date.
 * @param nowMs milliseconds since the epoch, from which a date counts
 * @returns milliseconds, an hour at most; undefined without the header, or where it has neither form
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 */
export function retryAfterMs(header: string | null | undefined, nowMs: number): number | undefined {
  const text = header?.trim() ?? '';
  const asked = /^\d+$/.test(text) ? Number(text) * 1000 : millisecondsUntil(text, nowMs);
  return asked === undefined ? undefined : Math.min(Math.max(asked, 0), LONGEST_MS);
}

function millisecondsUntil(httpDate: string, nowMs: number): number | undefined {
  const at = new Date(httpDate);
  // Date.parse reads far more than HTTP dates; only what it would write the same way is one.
  return !Number.isNaN(at.getTime()) && at.toUTCString() === httpDate ? at.getTime() - nowMs : undefined;
}
