// Where the reading of a directory stands, as text that only its reader understands.
import type { z } from 'zod';

/** Reads a position; undefined where there is none, or one that the schema does not know: the reading then begins anew. */
export function parsePosition<Schema extends z.ZodType>(
  schema: Schema,
  text: string | undefined,
): z.output<Schema> | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
