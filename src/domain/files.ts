// Files that are carried between the two sides: what is known of one that was, and why one is not.

/** Why a file is not carried, for good. */
export const FILE_REFUSALS = [
  /** Larger than the operator or the homeserver allows. */
  'too-large',
  /** What it is by its content is not among the types that the operator allows. */
  'type-not-allowed',
  /** The scanner found something in it. */
  'infected',
  /** The scanner gave no verdict for too long. */
  'not-scanned',
  /** Its URL leads to where files may not be fetched from. */
  'address-not-allowed',
  /** Its host gave no answer for too long. */
  'unreachable',
  /** It is not there any more, or its address is none. */
  'gone',
  /** It is encrypted: no one but the room's members can read it. */
  'encrypted',
] as const;

export type FileRefusal = (typeof FILE_REFUSALS)[number];

/** What a file is by its content. */
export interface FileFacts {
  readonly contentType: string;
  /** Bytes. */
  readonly size: number;
}

/** What came of carrying a file: where it stands now, or why it does not. */
export type Carried<Facts> =
  ({ readonly kind: 'carried' } & Facts) | { readonly kind: 'refused'; readonly reason: FileRefusal };
