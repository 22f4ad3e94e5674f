// The picture of a ghost: the photo of its FHIR person, if the name policy and the format allow it.
import { createHash } from 'node:crypto';
import type { Attachment } from 'fhir/r4.js';
import type { Person } from '../domain/fhir.ts';
import { parseReference, type FhirReference } from '../domain/ids.ts';
import type { NamePolicy } from './people.ts';

/** An image. Its type comes from its first bytes, not from the resource. */
export interface Image {
  readonly contentType: 'image/jpeg' | 'image/png' | 'image/webp' | 'image/gif';
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A ghost's picture. When the picture changes, `digest` changes. */
export interface Avatar {
  readonly digest: string;
  readonly source:
    | { readonly kind: 'image'; readonly image: Image }
    /** A `Binary` of the FHIR server, which must still be read. */
    | { readonly kind: 'binary'; readonly reference: FhirReference };
}

/** The largest decoded image. */
const MOST_BYTES = 1024 * 1024;
/** Only a relative reference: the bridge must not fetch any other URL. */
const BINARY = /^Binary\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** The picture of a person's ghost. @returns undefined when there is none, or when it must not be shown */
export function avatarOf(
  person: Person,
  { avatars, namePolicy }: { avatars: boolean; namePolicy: NamePolicy },
): Avatar | undefined {
  if (!avatars || !('photo' in person)) return undefined;
  if (person.resourceType !== 'Practitioner' && namePolicy !== 'full') return undefined;
  const photo = person.photo?.[0];
  return photo?.data === undefined ? avatarAtUrl(photo) : avatarInline(photo.data);
}

/** Decodes an image. @returns undefined when it is too large or has an unknown format */
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

/** The format of an image by its first bytes; undefined for one that homeservers do not show. */
export function imageTypeOf(bytes: Uint8Array): Image['contentType'] | undefined {
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
