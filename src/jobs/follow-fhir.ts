// The readers of the FHIR server, one for each type that is followed: what changed since the cursor, woken by the hooks.
import type { Config } from '../config/schema.ts';
import { isFollowedType, isPersonType, watchedTypes, type WatchedType } from '../domain/fhir.ts';
import { pullOnce } from '../fhir/puller.ts';
import { criteriaFor } from '../fhir/watched.ts';
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

interface Deps extends WatchingFhir, Pick<Bridge, 'settings' | 'thread'> {
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
  const { intake, ...bridge } = deps;
  const { db, store } = bridge;
  const { fhir } = bridge.config;
  const name = fhirReader(resourceType);
  const isPeople = isPersonType(resourceType);
  const criteria = criteriaFor(resourceType, bridge.settings.profile.audit.readType);
  return {
    name,
    service: 'fhir',
    intervalMs: isPeople ? fhir.peoplePollIntervalMs : fhir.pollIntervalMs,
    gapMs: isPeople ? PEOPLE_GAP_MS : GAP_MS,
    wakeUps: { channel: FHIR_CHANNEL, isFor: (payload) => payload === resourceType },
    pass: (signal) =>
      pullOnce(
        {
          server: bridge.fhir,
          resourceType,
          pageSize: fhir.pageSize,
          overlapMs: fhir.overlapMs,
          readFrom: fhir.readFrom,
          ...(isPeople && { elements: elementsOf(resourceType) }),
          criteria,
          store: isFollowedType(resourceType)
            ? (resources) => intake.pulled(resourceType, resources)
            : intake.pulledReports,
          setAside: (malformed, place) => intake.pulledMalformed(resourceType, malformed, place),
          storeAsKnown: intake.pulledAsKnown,
          // Of what is read by criteria, the bridge writes some that no page shows.
          readWitness: (before) =>
            criteria.length > 0
              ? Promise.resolve(undefined)
              : store.resourceVersions.findLastBefore(db, resourceType, before),
          findWitness: (witness, of) => lookFor(bridge, [witness], of),
          readCursor: () => readCursor(db, name),
          saveCursor: (cursor, forgetBefore) => intake.pulledUpTo(resourceType, cursor, forgetBefore),
        },
        signal,
      ),
  };
}

/** What decides whom a change of a person concerns. */
function elementsOf(resourceType: string): readonly string[] {
  const ofRoles = resourceType === 'PractitionerRole' ? ['practitioner', 'organization'] : [];
  return ['id', 'meta', 'telecom', ...ofRoles];
}
