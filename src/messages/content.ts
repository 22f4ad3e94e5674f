// What a message says, in the form that both sides have in common: texts, files and references, in order.
import type { Attachment, CommunicationPayload, Reference } from 'fhir/r4.js';
import { cleanText, isBlank } from './formatting/clean-text.ts';
import { joinTexts, saysTheSame, type FormattedText } from './formatting/formatted-text.ts';
import { readTextAttachment } from './formatting/text-attachment.ts';

/** One payload of a Communication or CommunicationRequest. */
export type Part =
  | { readonly kind: 'text'; readonly text: FormattedText }
  | { readonly kind: 'file'; readonly attachment: Attachment }
  | { readonly kind: 'reference'; readonly reference: Reference };

/**
 * Reads the payloads. Texts are cleaned; those that show nothing and those marked as absent are left out. HTML or Markdown
 * after a text that says the same is its formatting.
 */
export function partsOf(payload: readonly CommunicationPayload[] = []): readonly Part[] {
  const parts: Part[] = [];
  for (const part of payload.flatMap(partOf)) {
    const before = parts.at(-1);
    if (part.kind === 'text' && before?.kind === 'text' && isFormOf(part.text, before.text))
      parts[parts.length - 1] = { kind: 'text', text: { ...part.text, plain: before.text.plain } };
    else parts.push(part);
  }
  return parts;
}

function partOf({ contentString, contentAttachment, contentReference }: CommunicationPayload): Part[] {
  if (contentString !== undefined) {
    const plain = cleanText(contentString);
    return isBlank(plain) ? [] : [{ kind: 'text', text: { plain } }];
  }
  if (contentAttachment !== undefined) {
    const text = readTextAttachment(contentAttachment);
    return text === undefined ? [{ kind: 'file', attachment: contentAttachment }] : [{ kind: 'text', text }];
  }
  return contentReference === undefined ? [] : [{ kind: 'reference', reference: contentReference }];
}

function isFormOf(formatted: FormattedText, before: FormattedText): boolean {
  const isAlternative = formatted.html !== undefined && before.html === undefined;
  return isAlternative && saysTheSame(formatted.plain, before.plain);
}

/** The texts as one; undefined when there is none. */
export function textOfParts(parts: readonly Part[]): FormattedText | undefined {
  return joinTexts(parts.flatMap((part) => (part.kind === 'text' ? [part.text] : [])));
}
