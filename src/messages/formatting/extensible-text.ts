// Reads the text of events that clients which do not know their type can show too.
import { z } from 'zod';
import { cleanText, isBlank } from './clean-text.ts';

/**
 * Where the text stands: as the proposal of extensible events is now, and as clients wrote it before.
 * https://github.com/matrix-org/matrix-spec-proposals/blob/main/proposals/1767-extensible-events.md
 */
const KEYS = ['m.text', 'org.matrix.msc1767.text', 'm.message', 'org.matrix.msc1767.message', 'body'];

const isPlain = (mimetype: string | undefined): boolean =>
  mimetype === undefined || mimetype === 'text/plain';

const textSchema = z.union([
  z.string(),
  z
    .array(z.object({ body: z.string(), mimetype: z.string().optional() }))
    .transform((forms) => forms.find(({ mimetype }) => isPlain(mimetype))?.body),
]);

/** The plain text; undefined where there is none that shows anything. */
export function readExtensibleText(content: Readonly<Record<string, unknown>>): string | undefined {
  for (const key of KEYS) {
    const text = cleanText(textSchema.safeParse(content[key]).data ?? '').trim();
    if (!isBlank(text)) return text;
  }
  return undefined;
}
