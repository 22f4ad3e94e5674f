// References to the server's own resources by its whole address → relative ones; those to other servers stay what they are.
// https://hl7.org/fhir/R4/references.html#literal
import { baseOf, isBelow } from '../net/http.ts';

/**
 * Makes literal references below these bases relative, at any depth. Whoever reads the resource then takes relative ones alone for
 * resources of this server: `https://elsewhere/fhir/Patient/7` is not its `Patient/7`.
 * @param body the answer of a request, changed in place
 */
export function withOwnReferences<Body>(body: Body, bases: readonly URL[]): Body {
  const open: unknown[] = [body];
  // No recursion: answers of any depth are read.
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if ('reference' in value && typeof value.reference === 'string')
      value.reference = relative(value.reference, bases);
    for (const each of Object.values(value)) if (typeof each === 'object' && each !== null) open.push(each);
  }
  return body;
}

/** The bases under which a server's resources are known, its own first. */
export function basesOf(baseUrl: string, aliases: readonly string[] = []): readonly URL[] {
  return [baseUrl, ...aliases].map(baseOf);
}

function relative(reference: string, bases: readonly URL[]): string {
  if (!/^https?:/i.test(reference) || !URL.canParse(reference)) return reference;
  const url = new URL(reference);
  const base = bases.find((each) => isBelow(url, each));
  const isPlain = url.search === '' && url.hash === '';
  return base === undefined || !isPlain ? reference : url.pathname.slice(base.pathname.length);
}
