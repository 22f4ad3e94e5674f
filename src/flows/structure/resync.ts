// Compares every space and room with what FHIR wants, and mends what differs: the command `resync` and the nightly reconcile.
import { referenceTo, typeOf, type FhirReference } from '../../domain/ids.ts';
import type { RoomChange } from '../../mapping/room-changes.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { createReadSet, type ReadSet } from '../people/read-set.ts';
import { convergeNow } from './converge.ts';
import { convergeRoom } from './converge-room.ts';
import { isInSync, isPlaced, isSafetyKnown, nextMomentOf, planRoom, type RoomPlan } from './plan-room.ts';
import { prefetch } from './prefetch.ts';
import { readRoomSpec } from './room-spec.ts';

/** What to look at, and whether to touch it. */
export interface ResyncOptions {
  readonly dryRun: boolean;
  /** These resources alone, instead of all that have a room. */
  readonly references?: readonly FhirReference[];
  /** Everything on the FHIR server, be it from before the bridge. */
  readonly all?: boolean;
}

/** What was found of one resource. */
export interface ResyncFinding {
  readonly reference: FhirReference;
  readonly state: 'in-sync' | 'differs' | 'gone' | 'failed';
  /** The changes in words; for a failure its code. */
  readonly changes: readonly string[];
}

/** Counts of a whole run. */
export interface ResyncSummary {
  readonly checked: number;
  readonly differed: number;
  readonly failed: number;
}

/** How many resources are read and compared at one go. */
const BATCH = 100;
/** How many rooms of a batch are compared at one time. */
const AT_ONCE = 4;

/**
 * Compares, and unless it is a dry run mends, one resource after the other: spaces first, since rooms stand in them.
 * What differs is planned anew from what FHIR says at that moment, under the room's lock.
 * @param report called for every resource
 */
export async function resync(
  bridge: Bridge,
  options: ResyncOptions,
  report: (finding: ResyncFinding) => void,
  signal: AbortSignal,
): Promise<ResyncSummary> {
  const summary = { checked: 0, differed: 0, failed: 0 };
  for (const type of ['CareTeam', 'CommunicationRequest'] as const) {
    for await (const batch of batchesOf(bridge, type, options, signal)) {
      for (const finding of await resyncBatch(bridge, batch, options, signal)) {
        summary.checked += 1;
        if (finding.state === 'differs') summary.differed += 1;
        if (finding.state === 'failed') summary.failed += 1;
        report(finding);
      }
    }
  }
  return summary;
}

async function* batchesOf(
  bridge: Bridge,
  type: 'CareTeam' | 'CommunicationRequest',
  options: ResyncOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly FhirReference[]> {
  if (options.all === true && options.references === undefined) {
    yield* everything(bridge, type, signal);
    return;
  }
  const references =
    options.references ?? (await bridge.store.rooms.listRooms(bridge.db)).map(({ reference }) => reference);
  const own = references.filter((reference) => typeOf(reference) === type);
  for (let start = 0; start < own.length; start += BATCH) yield own.slice(start, start + BATCH);
}

/** All resources of a type; one that changes meanwhile is seen once. */
async function* everything(
  { fhir }: Pick<Bridge, 'fhir'>,
  type: 'CareTeam' | 'CommunicationRequest',
  signal: AbortSignal,
): AsyncGenerator<readonly FhirReference[]> {
  const seen = new Set<FhirReference>();
  for await (const { page } of fhir.pages(type, [], signal)) {
    const references = page.resources
      .filter(({ resourceType }) => resourceType === type)
      .map(({ id }) => referenceTo(type, id));
    const fresh = references.filter((reference) => !seen.has(reference));
    fresh.forEach((reference) => seen.add(reference));
    if (fresh.length > 0) yield fresh;
  }
}

async function resyncBatch(
  bridge: Bridge,
  references: readonly FhirReference[],
  { dryRun }: ResyncOptions,
  signal: AbortSignal,
): Promise<readonly ResyncFinding[]> {
  const reads = createReadSet(bridge.fhir, signal);
  await prefetch(reads, references, bridge.clock.now().getTime());
  const findings: ResyncFinding[] = [];
  const waiting = [...references];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      findings.push(await resyncOne(bridge, reads.share(), next, dryRun, signal));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return findings.toSorted((a, b) => references.indexOf(a.reference) - references.indexOf(b.reference));
}

async function resyncOne(
  bridge: Bridge,
  reads: ReadSet,
  reference: FhirReference,
  dryRun: boolean,
  signal: AbortSignal,
): Promise<ResyncFinding> {
  try {
    const spec = await readRoomSpec(bridge, reads, reference, signal);
    if (spec === undefined) {
      // Its room is not left as it is.
      if (!dryRun) await convergeRoom(bridge, reference, signal);
      return { reference, state: 'gone', changes: [] };
    }
    const plan = await planRoom(bridge, spec, signal);
    if (plan === undefined || isInSync(plan)) {
      const next = plan && nextMomentOf(plan);
      // Else a moment that went lost, with a dead letter or an older database, would pass unseen.
      if (!dryRun && next !== undefined)
        await bridge.store.rooms.advanceConvergeAt(bridge.db, reference, next);
      return { reference, state: 'in-sync', changes: [] };
    }
    if (!dryRun) await convergeNow(bridge, reference, `resync ${bridge.clock.now().toISOString()}`, signal);
    return { reference, state: 'differs', changes: describePlan(plan) };
  } catch (error) {
    signal.throwIfAborted();
    const code = error instanceof BridgeError ? error.message : 'unexpected';
    if (!(error instanceof BridgeError))
      bridge.log.error({ error }, 'A resync failed with an unexpected error');
    return { reference, state: 'failed', changes: [code] };
  }
}

function describePlan(plan: RoomPlan): readonly string[] {
  const { roomId, desired, ghosts, changes, dangers } = plan;
  return [
    ...(roomId === undefined ? [`make the ${desired.kind === 'space' ? 'space' : 'room'}`] : []),
    ...ghosts.map(({ kind, userId }) => `${kind.replaceAll('-', ' ')} ${userId}`),
    ...changes.map(describeRoomChange),
    ...(isSafetyKnown(plan) ? [] : [dangers.length > 0 ? 'hold what is to be sent' : 'send what has waited']),
    ...(roomId === undefined || isPlaced(plan) ? [] : ['list it by when it began']),
  ];
}

/** For the operator, with ids and types only: no names, no content. */
function describeRoomChange(change: RoomChange): string {
  switch (change.kind) {
    case 'put-state': {
      const { type, state_key: key } = change.event;
      return key === '' ? `set ${type}` : `set ${type} of ${key}`;
    }
    case 'invite':
      return `invite ${change.userId}`;
    case 'join':
      return `join ${change.userId}`;
    case 'leave':
      return `let ${change.userId} leave`;
    case 'unlist':
      return 'take it off the public directory';
    case 'kick':
      return `remove ${change.userId}`;
  }
}
