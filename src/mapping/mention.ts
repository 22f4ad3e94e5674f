// A member as a message mentions them: by name, with a link that clients show as a pill.
import type { MatrixUserId } from '../domain/ids.ts';

/** How a message names a member. */
export interface Mention {
  readonly plain: string;
  readonly html: string;
}

const LONGEST_NAME = 100;

/**
 * The mention. https://spec.matrix.org/v1.19/client-server-api/#user-and-room-mentions
 * @param displayName as the room has it; hostile, as every member chooses their own
 */
export function mentionOf(userId: MatrixUserId, displayName: unknown): Mention {
  const shown = typeof displayName === 'string' ? cleaned(displayName) : '';
  const plain = shown === '' ? localpartOf(userId) : shown;
  // https://spec.matrix.org/v1.19/appendices/#matrixto-navigation
  const link = `https://matrix.to/#/${encodeURIComponent(userId)}`;
  return { plain, html: `<a href="${link}">${escapeHtml(plain)}</a>` };
}

/** The text as it stands in HTML. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Without what breaks the line or turns its direction, and not longer than a name is. */
function cleaned(name: string): string {
  const oneLine = name.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ').trim();
  // A character that is cut in two leaves a lone surrogate.
  return oneLine.slice(0, LONGEST_NAME).replace(/\p{Cs}/gu, '');
}

function localpartOf(userId: MatrixUserId): string {
  return userId.slice(1, userId.indexOf(':'));
}
