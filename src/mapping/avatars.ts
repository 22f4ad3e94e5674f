// The picture a ghost shows: the photo in its resource, as far as policy and form allow.
import { createHash } from 'node:crypto';
import type { Attachment } from 'fhir/r4.js';
import type { Person } from '../domain/fhir.ts';
import type { FhirReference } from '../domain/ids.ts';
import { parseReference } from '../domain/ids.ts';
import type { NamePolicy } from './people.ts';

/** An image: its type by its own first bytes, whatever the resource says. */
export interface Image {
  readonly contentType: 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A ghost's picture; `digest` changes when it does. */
export interface Avatar {
  readonly digest: string;
  readonly source:
    | { readonly kind: 'image'; readonly image: Image }
    /** A `Binary` on the FHIR server, which is yet to be read. */
    | { readonly kind: 'binary'; readonly reference: FhirReference };
}

/** Of the decoded image. */
const MOST_BYTES = 1024 * 1024;
/** Nothing but a relative reference: any other URL might lead anywhere. */
const BINARY = /^Binary\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** The picture of a person's ghost. @returns undefined where none may be shown, or none can be */
export function avatarOf(
  person: Person,
  { avatars, namePolicy }: { avatars: boolean; namePolicy: NamePolicy },
): Avatar | undefined {
  if (!avatars || !('photo' in person)) return undefined;
  if (person.resourceType !== 'Practitioner' && namePolicy !== 'full') return undefined;
  const photo = person.photo?.[0];
  return photo?.data === undefined ? avatarAtUrl(photo) : avatarInline(photo.data);
}

/** Decodes an image. @returns undefined for what is too large, or no image of a known form */
export function decodeImage(base64: string): Image | undefined {
  if (base64.length > MOST_BYTES * 1.5) return undefined;
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  const contentType = bytes.length > MOST_BYTES ? undefined : imageTypeOf(bytes);
  return contentType === undefined ? undefined : { contentType, bytes };
}

function avatarInline(data: string): Avatar | undefined {
  const image = decodeImage(data);
  return image && { digest: digestOf(image.bytes), source: { kind: 'image', image } };
}

function avatarAtUrl(photo: Attachment | undefined): Avatar | undefined {
  const url = photo?.url ?? '';
  const reference = BINARY.test(url) ? parseReference(url)?.reference : undefined;
  if (reference === undefined) return undefined;
  const digest = digestOf(JSON.stringify([url, photo?.hash, photo?.size, photo?.creation]));
  return { digest, source: { kind: 'binary', reference } };
}

function imageTypeOf(bytes: Uint8Array): Image['contentType'] | undefined {
  const head = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  if (head.startsWith('\xff\xd8\xff')) return 'image/jpeg';
  if (head.startsWith('\x89PNG\r\n\x1a\n')) return 'image/png';
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'image/gif';
  if (head.startsWith('RIFF') && head.slice(8) === 'WEBP') return 'image/webp';
  return undefined;
}

function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('base64url');
}
