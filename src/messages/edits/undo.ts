// What the redaction of an edit does to the records of its message: they say again what they said before the edit.
import type { FhirReference } from '../../domain/ids.ts';
import type { Link, Links } from '../kind.ts';
import { lastDigest } from '../shown.ts';
import { editsOf, isRetracted, standing } from './order.ts';

/** A record, and the digest of the content that it is to have again; undefined where the edit made the record. */
export interface Undone {
  readonly reference: FhirReference;
  readonly digest: string | undefined;
}

/**
 * The records that are to be changed. None where the edit is not seen any more: a later one stands, or the message itself was
 * retracted. None for an edit that a platform made: its record says what the platform wants it to say.
 * @param edit a link of the edit; each record has one
 */
export function undoneBy(edit: Link, known: Links): readonly Undone[] {
  const { target, cause, origin } = edit;
  if (target === undefined || origin !== 'matrix') return [];
  const edits = editsOf(target, known);
  const seen = standing(edits, known);
  if (isRetracted(known.changesOf(target)) || seen.at(-1)?.cause !== cause) return [];
  const originals = known.ofEvent(target);
  const before = [...originals, ...seen].findLast((link) => link.cause !== cause);
  // All that was carried, also what was redacted since: it made the records what they were at that time.
  const carried = [...originals, ...edits];
  const end = carried.findLastIndex((link) => link.cause === before?.cause) + 1;
  const touched = new Set(carried.slice(end).flatMap(({ communication }) => communication ?? []));
  return [...touched].map((reference) => ({
    reference,
    digest: lastDigest(carried.slice(0, end).filter(({ communication }) => communication === reference)),
  }));
}
