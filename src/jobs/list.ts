// The list of all jobs. Each has a lease of its own; `bridge_reader_passes_total{reader="<its name>"}` counts its passes.
import type { Config } from '../config/schema.ts';
import type { PayloadCodec } from '../domain/stored-payload.ts';
import type { Bridge } from '../flows/bridge.ts';
import type { Intake } from '../flows/intake.ts';
import { closeOrphans } from './close-orphans.ts';
import { feedAudit } from './feed-audit.ts';
import { followDeletes } from './follow-deletes.ts';
import { followFhir } from './follow-fhir.ts';
import { gatherLongWaiting } from './gather-waiting.ts';
import type { BridgeJob } from './job.ts';
import { keepContinuity } from './keep-continuity.ts';
import { keepSubscriptions } from './keep-subscriptions.ts';
import { nightlyReconcile } from './nightly-reconcile.ts';
import { pruneIdentity } from './prune-identity.ts';
import { pruneInbox } from './prune-inbox.ts';
import { pruneTraces } from './prune-traces.ts';
import { publishGhosts } from './publish-ghosts.ts';
import { readMatrix } from './read-matrix.ts';
import { readRoomsBehind } from './read-rooms-behind.ts';
import { reconcileRestored } from './reconcile-restored.ts';
import { releaseOverdueItems } from './release-overdue.ts';
import { rotateKeys } from './rotate-keys.ts';
import { rotatePeppers } from './rotate-peppers.ts';
import { schedule } from './scheduler.ts';
import { watchRestoredFhir } from './watch-restored-fhir.ts';
import { writeBackEventIds } from './write-back.ts';
import { syncDirectories, type SyncedDirectory } from './sync-directories.ts';

export interface JobsDeps {
  readonly config: Config;
  readonly bridge: Bridge;
  readonly intake: Intake;
  readonly payloads: PayloadCodec;
  /** The directories that are kept in the local table; undefined where the identity port is off. */
  readonly synced: readonly SyncedDirectory[] | undefined;
}

/** Creates all jobs that the configuration asks for. */
export function createJobs({ config, bridge, intake, payloads, synced }: JobsDeps): readonly BridgeJob[] {
  const { identity } = config;
  return [
    readMatrix({ ...bridge, config, intake }), // matrix
    readRoomsBehind({ ...bridge, config, intake }), // matrix:rooms
    ...followFhir({ ...bridge, config, intake }), // fhir:<type>
    ...(config.fhir.followDeletes === 'auto' ? followDeletes({ ...bridge, config }) : []), // deletions, deletions:<type>
    ...(config.fhir.subscriptions ? [keepSubscriptions(bridge, config)] : []), // fhir:Subscription
    watchRestoredFhir(bridge), // restored-fhir
    schedule(bridge), // periods
    keepContinuity(bridge), // continuity
    reconcileRestored(bridge), // reconcile-restored
    ...(config.nightlyReconcile.enabled ? [nightlyReconcile(bridge, config)] : []), // nightly-reconcile
    ...(identity.publishToOwnFhir ? [publishGhosts(bridge)] : []), // publish-ghosts
    closeOrphans(bridge), // orphaned-rooms
    releaseOverdueItems(bridge), // release-overdue
    gatherLongWaiting(bridge), // gather-waiting
    writeBackEventIds(bridge), // write-back
    pruneInbox(bridge, config), // prune-inbox
    pruneTraces(bridge, config), // prune-traces
    ...(payloads.keyIds.length > 0 ? [rotateKeys(bridge, payloads)] : []), // payload-keys
    ...(synced === undefined
      ? []
      : [
          ...syncDirectories(bridge, synced), // identity:<name of the directory>
          rotatePeppers(bridge, identity), // identity:peppers
          pruneIdentity(bridge, identity), // identity:prune
          ...(config.audit.enabled ? [feedAudit(bridge)] : []), // audit:look-ups
        ]),
  ];
}
