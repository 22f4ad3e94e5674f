// A restored server gave the id of a Communication anew → what was carried of the lost one is none of it: it stays in its room,
// unrecorded, and this one is a new message.
import { versionOf, type Communication } from '../../domain/fhir.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Bridge } from '../bridge.ts';
import { firstStamp } from '../first-stamp.ts';

/** What is needed of the bridge. */
type Detaching = Pick<Bridge, 'db' | 'log' | 'store'> & Parameters<typeof firstStamp>[0];

/** Detaches the links of another Communication that had the same id. */
export async function detachFormerLinks(
  { db, fhir, log, store }: Detaching,
  communication: StoredResource<Communication>,
  signal: AbortSignal,
): Promise<void> {
  const version = versionOf(communication);
  const known = await store.formerLinks.findSince(db, version.reference);
  if (known === undefined) return;
  const since = await firstStamp({ fhir }, version, signal);
  if (since === undefined || Date.parse(since) === known.getTime()) return;
  log.error(
    { reference: version.reference },
    'A Communication has the id of another that the FHIR server has lost',
  );
  await store.formerLinks.detachLinks(db, version.reference);
}

/**
 * The cause of what is sent for a version: the plain one, unless that was the cause of something that was lost with the server's
 * former state. Every attempt finds the same.
 * @param stamp by which the two are told apart
 */
export async function causeOf(
  { db, store }: Pick<Bridge, 'db' | 'store'>,
  plain: string,
  stamp: string,
): Promise<string> {
  return (await store.formerLinks.wasCompleted(db, plain)) ? `${plain}@${stamp}` : plain;
}
