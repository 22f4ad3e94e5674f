// Finds the version that a change of a record made before, where it is not known whether it did: another system may have changed
// the record since, which must not be undone.
import type { Communication } from '../../domain/fhir.ts';
import type { FhirReference } from '../../domain/ids.ts';
import type { StoredResource } from '../../fhir/server.ts';
import { contentDigest, readEnvelope } from '../../messages/envelope.ts';
import { lastDigest } from '../../messages/shown.ts';
import type { LinkKey } from '../../store/message-links.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';

type Finding = Pick<Bridge, 'db' | 'fhir' | 'settings' | 'store' | 'thread'>;

/** The digest of the content of a record. */
export function digestOf(
  { thread, settings }: Pick<Finding, 'settings' | 'thread'>,
  communication: Communication,
): string {
  return contentDigest(readEnvelope(communication, { thread, ...settings }));
}

/** The versions that the server keeps, newest first; none where it keeps no history. */
export async function versionsOf(
  { fhir }: Pick<Finding, 'fhir'>,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<readonly StoredResource<Communication>[]> {
  try {
    const versions = await fhir.history(reference, signal);
    return versions.filter((version) => version.resourceType === 'Communication');
  } catch (error) {
    if (error instanceof BridgeError && error.code === 'fhir-refused') return [];
    throw error;
  }
}

/**
 * Finds the newest version that is as the change leaves a record, among those after what was carried before the change: an edit
 * may bring back what a message said at first.
 * @param change its link
 */
export async function findMade(
  finding: Finding,
  reference: FhirReference,
  change: LinkKey,
  isMade: (version: StoredResource<Communication>) => Promise<boolean>,
  signal: AbortSignal,
): Promise<StoredResource<Communication> | undefined> {
  const links = await finding.store.messageLinks.findLinksOfCommunication(finding.db, reference, undefined);
  const before = lastDigest(
    links.filter(
      ({ cause, part, completed }) => completed && (cause !== change.cause || part !== change.part),
    ),
  );
  for (const version of await versionsOf(finding, reference, signal)) {
    if (digestOf(finding, version) === before) return undefined;
    if (await isMade(version)) return version;
  }
  return undefined;
}
