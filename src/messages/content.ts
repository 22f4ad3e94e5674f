// What a message says, in the form that both sides have in common: texts, files and references, in order.
import type { Attachment, CommunicationPayload, Reference } from 'fhir/r4.js';

/** A text, with its formatting where it has one. */
export interface FormattedText {
  readonly plain: string;
  /** Sanitised HTML of the same text. */
  readonly html?: string;
}

/** One payload of a Communication or CommunicationRequest. */
export type Part =
  | { readonly kind: 'text'; readonly text: FormattedText }
  | { readonly kind: 'file'; readonly attachment: Attachment }
  | { readonly kind: 'reference'; readonly reference: Reference };

/** Reads the payloads; those without content, such as one whose text is marked as absent, are left out. */
export function partsOf(payload: readonly CommunicationPayload[] = []): readonly Part[] {
  return payload.flatMap(({ contentString, contentAttachment, contentReference }): Part[] => {
    if (contentString !== undefined && contentString !== '')
      return [{ kind: 'text', text: { plain: contentString } }];
    if (contentAttachment !== undefined) return [{ kind: 'file', attachment: contentAttachment }];
    return contentReference === undefined ? [] : [{ kind: 'reference', reference: contentReference }];
  });
}

/** The texts as one; undefined when there is none. */
export function plainTextOf(parts: readonly Part[]): string | undefined {
  const texts = parts.flatMap((part) => (part.kind === 'text' ? [part.text.plain] : []));
  return texts.length === 0 ? undefined : texts.join('\n');
}
