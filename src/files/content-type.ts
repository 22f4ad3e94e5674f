// What a file is: by its first bytes, never by its name. What is claimed only decides between types with the same bytes.
import { fileTypeFromBuffer } from 'file-type';

/** So many first bytes are enough to tell an office document from any other archive. */
export const HEAD_BYTES = 64 * 1024;

/** Types that the same bytes may be, by the type that their bytes tell. */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  'text/plain': ['text/csv', 'text/markdown'],
  'video/webm': ['audio/webm'],
  'video/matroska': ['audio/matroska'],
  'video/mp4': ['audio/mp4'],
  'video/ogg': ['audio/ogg'],
  'video/3gpp': ['audio/3gpp'],
  'audio/x-m4a': ['audio/mp4', 'audio/m4a'],
  'application/x-cfb': ['application/msword', 'application/vnd.ms-excel', 'application/vnd.ms-powerpoint'],
};

/**
 * The type of a file.
 * @param head its first bytes, `HEAD_BYTES` at most
 * @param claimed the type that its sender gives it
 * @returns a type without parameters; `application/octet-stream` when the bytes tell none
 */
export async function contentTypeOf(head: Uint8Array, claimed: string | undefined): Promise<string> {
  const found = (await knownType(head)) ?? (isText(head) ? textType(head) : 'application/octet-stream');
  const wanted = withoutParameters(claimed ?? '');
  return ALSO[found]?.includes(wanted) === true ? wanted : found;
}

/** Tells whether a list of types has this one; `image/*` in the list is every image. */
export function isAmong(contentType: string, types: readonly string[]): boolean {
  const [kind = ''] = contentType.split('/');
  return types.includes(contentType) || types.includes(`${kind}/*`);
}

const withoutParameters = (contentType: string): string =>
  contentType.replace(/;.*$/s, '').trim().toLowerCase();

async function knownType(head: Uint8Array): Promise<string | undefined> {
  // The library would look into what is compressed.
  if (head[0] === 0x1f && head[1] === 0x8b) return 'application/gzip';
  // It throws where the bytes end in the middle of a structure.
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  return found && withoutParameters(found.mime);
}

/** Text is UTF-8 without control characters; a character may be cut off at the end of the head. */
function isText(head: Uint8Array): boolean {
  try {
    return !/[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]/.test(
      new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true }),
    );
  } catch {
    return false;
  }
}

/** Markup that a browser would run is no plain text, whatever its sender calls it (https://mimesniff.spec.whatwg.org/). */
function textType(head: Uint8Array): string {
  const start = Buffer.from(head.subarray(0, 1024)).toString('latin1').trimStart().toLowerCase();
  if (/^(?:\xef\xbb\xbf)?\s*<(?:!doctype html|html|head|body|script|iframe|svg|!--)/.test(start))
    return 'text/html';
  return 'text/plain';
}
