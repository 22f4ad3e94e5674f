// The server gave a reference anew, or a resource another patient → its room is never reused: it is separated from it.
import type { ResourceVersion } from '../../domain/fhir.ts';
import { typeOf, type FhirReference } from '../../domain/ids.ts';
import type { KnownResource } from '../../store/room-resources.ts';
import type { Bridge } from '../bridge.ts';
import { firstStamp } from '../first-stamp.ts';
import { convergeItems } from '../items/converge.ts';

/** How far the clocks of the database and the FHIR server may be apart. */
const SKEW_MS = 10 * 60_000;

/** What was read of a resource that has a space or room. */
export interface ReadResource {
  readonly version: ResourceVersion;
  readonly subject: FhirReference | undefined;
}

/** The version as it is remembered with a room. */
export function rememberedVersion({ versionId, lastUpdated }: ResourceVersion): string {
  return `${versionId}@${lastUpdated}`;
}

/**
 * Separates the room of a reference from it, if it was made for another resource or another patient. The next is made as if there
 * had been none; what becomes of the old one, its own job decides.
 * @returns the stamp of the resource's first version, where it was looked for and is known
 */
export async function separateFormerRoom(
  bridge: Bridge,
  read: ReadResource,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { store, db } = bridge;
  const { version } = read;
  const known = await store.roomResources.findKnownResource(db, version.reference);
  const isSeen = known?.version === rememberedVersion(version);
  const since = isSeen ? undefined : await firstStamp(bridge, version, signal);
  if (known !== undefined && isAnother(known, read, since)) await separate(bridge, known, version, signal);
  return since;
}

function isAnother(known: KnownResource, { subject }: ReadResource, since: string | undefined): boolean {
  if (known.subject !== undefined && known.subject !== subject) return true;
  if (since === undefined) return false;
  const sinceMs = Date.parse(since);
  if (known.since !== undefined) return known.since.getTime() !== sinceMs;
  // A room of an earlier version of the bridge: its resource cannot be younger than itself.
  return known.readyAt !== undefined && sinceMs > known.readyAt.getTime() + SKEW_MS;
}

async function separate(
  bridge: Bridge,
  { alias }: KnownResource,
  { reference, lastUpdated }: ResourceVersion,
  signal: AbortSignal,
): Promise<void> {
  const { store, homeserver, settings, clock, log, metrics } = bridge;
  log.error(
    { reference },
    'A room was made for another resource with the same id, or for another patient: it gets a new one',
  );
  // The alias leads to the new room from now on.
  await homeserver.deleteAlias(settings.bot, alias, signal);
  await bridge.transact(async (tx) => {
    const isTeam = typeOf(reference) === 'CareTeam';
    const children = isTeam ? await store.rooms.findConversationsIn(tx, reference) : [];
    await store.orphanedRooms.orphanRoom(tx, reference, clock.now());
    await bridge.enqueue(tx, convergeItems(children, `${reference} anew ${lastUpdated}`));
  });
  metrics.roomsSeparated.inc();
}
