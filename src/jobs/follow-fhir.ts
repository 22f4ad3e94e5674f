// The readers of the FHIR server, one for each type that is followed: what changed since the cursor, woken by the hooks.
import type { Config } from '../config/schema.ts';
import {
  isFollowedType,
  isPersonType,
  watchedTypes,
  type ResourceVersion,
  type WatchedType,
} from '../domain/fhir.ts';
import { createPuller } from '../fhir/puller.ts';
import { criteriaFor, elementsFor } from '../fhir/watched.ts';
import type { Bridge } from '../flows/bridge.ts';
import { type Intake } from '../flows/intake.ts';
import { fhirReader } from '../flows/reader-names.ts';
import { lookFor, type WatchingFhir } from '../flows/restorations/fhir.ts';
import { readCursor } from '../store/cursors.ts';
import type { BridgeJob } from './job.ts';

/** The channel of the notifications that a hook was called; each names a type. */
export const FHIR_CHANNEL = 'bridge_fhir';

const GAP_MS = 100;
/** A server holds many people on whom no room depends: they are looked for less often. */
const PEOPLE_GAP_MS = 500;
/** While passes find nothing new: what the bridge writes wakes them too. */
const MOST_GAP_MS = 500;

/** While hooks tell of changes and passes find none: polling is the net under them. */
const MOST_INTERVALS = 4;
const MOST_INTERVAL_MS = 60_000;

interface Deps extends WatchingFhir, Pick<Bridge, 'clock' | 'settings' | 'thread'> {
  readonly config: Pick<Config, 'fhir'>;
  readonly intake: Pick<
    Intake,
    'pulled' | 'pulledAsKnown' | 'pulledMalformed' | 'pulledReports' | 'pulledUpTo'
  >;
}

/** The jobs. */
export function followFhir(deps: Deps): readonly BridgeJob[] {
  const { settings, thread } = deps;
  return watchedTypes(settings.readState.engine !== 'off', thread.header === undefined).map((resourceType) =>
    followType(deps, resourceType),
  );
}

function followType(deps: Deps, resourceType: WatchedType): BridgeJob {
  const { intake, config, settings } = deps;
  const { fhir } = config;
  const isPeople = isPersonType(resourceType);
  const criteria = criteriaFor(resourceType, settings.profile.audit.readType);
  const intervalMs = isPeople ? fhir.peoplePollIntervalMs : fhir.pollIntervalMs;
  return {
    ...{ name: fhirReader(resourceType), service: 'fhir', intervalMs },
    ...(fhir.subscriptions && { mostIntervalMs: Math.min(MOST_INTERVALS * intervalMs, MOST_INTERVAL_MS) }),
    gapMs: isPeople ? PEOPLE_GAP_MS : GAP_MS,
    mostGapMs: MOST_GAP_MS,
    wakeUps: { channel: FHIR_CHANNEL, isFor: (payload) => payload === resourceType },
    pass: createPuller({
      ...{ server: deps.fhir, resourceType, criteria, clock: deps.clock },
      elements: elementsFor(resourceType, deps.thread),
      pageSize: fhir.pageSize,
      overlapMs: fhir.overlapMs,
      shortOverlapMs: fhir.shortOverlapMs,
      readFrom: fhir.readFrom,
      store: isFollowedType(resourceType)
        ? (resources) => intake.pulled(resourceType, resources)
        : intake.pulledReports,
      setAside: (malformed, place) => intake.pulledMalformed(resourceType, malformed, place),
      storeAsKnown: intake.pulledAsKnown,
      // Of what is read by criteria, the bridge writes some that no page shows.
      witness: criteria.length > 0 ? undefined : witnessesOf(deps, resourceType),
      readCursor: () => readCursor(deps.db, fhirReader(resourceType)),
      saveCursor: (cursor, forgetBefore) => intake.pulledUpTo(resourceType, cursor, forgetBefore),
    }),
  };
}

function witnessesOf(bridge: WatchingFhir, resourceType: WatchedType) {
  return {
    read: () => bridge.store.resourceVersions.findLast(bridge.db, resourceType),
    find: (witness: ResourceVersion, signal: AbortSignal) => lookFor(bridge, [witness], signal),
  };
}
