// The readers of both servers: what each pass does, which doorbell rings it, and under which lease it runs.
import type { Pool } from 'pg';
import type { Config } from '../config/schema.ts';
import type { Sleep } from '../domain/clock.ts';
import { FOLLOWED_TYPES, isPersonType } from '../domain/fhir.ts';
import { pullOnce } from '../fhir/puller.ts';
import type { FhirServer } from '../fhir/server.ts';
import { ensureSubscriptions } from '../fhir/subscriptions.ts';
import type { BridgeSettings } from '../flows/bridge.ts';
import type { Intake } from '../flows/intake.ts';
import { fhirReader, MATRIX_READER } from '../flows/intake.ts';
import type { Reader } from '../inbox/reader.ts';
import { createReader } from '../inbox/reader.ts';
import type { Homeserver } from '../matrix/homeserver.ts';
import { syncOnce } from '../matrix/sync-reader.ts';
import { awaitsSync, lastArrival } from '../store/arrivals.ts';
import { readCursor } from '../store/cursors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** The notification channels of the doorbells. */
export const MATRIX_CHANNEL = 'bridge_matrix';
export const FHIR_CHANNEL = 'bridge_fhir';

/** Something that runs on one replica at a time and can be rung by any. */
export interface LeasedReader {
  readonly name: string;
  readonly channel: string;
  /** Whether a notification on the channel is for this reader; an empty one is for all. */
  readonly hears: (payload: string) => boolean;
  readonly ring: () => void;
  /** Whether it has nothing to do with the homeserver, and need not wait for the bot to be registered there. */
  readonly withoutBot?: boolean;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

interface Deps {
  readonly config: Config;
  readonly settings: BridgeSettings;
  readonly pool: Pool;
  readonly homeserver: Homeserver;
  readonly fhir: FhirServer;
  readonly intake: Intake;
  readonly sleep: Sleep;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Rings within this time are answered by one pass: a sync costs the homeserver some tens of milliseconds. */
const MATRIX_GAP_MS = 150;
const FHIR_GAP_MS = 100;
/** A server holds many people on whom no room depends: what rings for them is answered less often. */
const PEOPLE_GAP_MS = 500;
/** How often the Subscriptions are looked after. */
const SUBSCRIPTIONS_INTERVAL_MS = 60_000;

/** Creates all readers. */
export function createReaders(deps: Deps): readonly LeasedReader[] {
  const { config } = deps;
  return [
    matrixReader(deps),
    ...FOLLOWED_TYPES.map((resourceType) => followingReader(deps, resourceType)),
    ...(config.fhir.subscriptions ? [subscriptionKeeper(deps)] : []),
  ];
}

function matrixReader({ config, settings, pool, homeserver, intake, ...deps }: Deps): LeasedReader {
  const reader: Reader = createReader({
    ...loop(deps, MATRIX_READER),
    intervalMs: config.matrix.syncIntervalSeconds * 1000,
    gapMs: MATRIX_GAP_MS,
    pass: async (signal) => {
      const upTo = await lastArrival(pool);
      const found = await syncOnce(
        {
          homeserver,
          bot: settings.bot,
          readPosition: () => readCursor(pool, MATRIX_READER),
          lastArrival: () => lastArrival(pool),
          store: intake.synced,
        },
        signal,
      );
      // With a homeserver of many workers, /sync may know of an event a little later than push does.
      if (await awaitsSync(pool, upTo)) reader.ring();
      return found;
    },
  });
  return { ...reader, name: MATRIX_READER, channel: MATRIX_CHANNEL, hears: () => true };
}

function followingReader(
  { config, pool, fhir, intake, ...deps }: Deps,
  resourceType: (typeof FOLLOWED_TYPES)[number],
): LeasedReader {
  const name = fhirReader(resourceType);
  const isPeople = isPersonType(resourceType);
  const reader = createReader({
    ...loop(deps, name),
    intervalMs: (isPeople ? config.fhir.peoplePollIntervalSeconds : config.fhir.pollIntervalSeconds) * 1000,
    gapMs: isPeople ? PEOPLE_GAP_MS : FHIR_GAP_MS,
    pass: (signal) =>
      pullOnce(
        {
          server: fhir,
          resourceType,
          pageSize: config.fhir.pageSize,
          overlapMs: config.fhir.overlapSeconds * 1000,
          readFrom: config.fhir.readFrom,
          ...(isPeople && { elements: elementsOf(resourceType) }),
          store: (resources) => intake.pulled(resourceType, resources),
          storeAsKnown: intake.pulledAsKnown,
          readCursor: () => readCursor(pool, name),
          saveCursor: (cursor, forgetBefore) => intake.pulledUpTo(resourceType, cursor, forgetBefore),
        },
        signal,
      ),
  });
  return {
    ...reader,
    name,
    channel: FHIR_CHANNEL,
    hears: (payload) => payload === '' || payload === resourceType,
  };
}

/** What decides whom a change of a person concerns. */
function elementsOf(resourceType: string): readonly string[] {
  return ['id', 'meta', ...(resourceType === 'PractitionerRole' ? ['practitioner', 'organization'] : [])];
}

function subscriptionKeeper({ config, fhir, ...deps }: Deps): LeasedReader {
  const name = 'fhir:Subscription';
  const reader = createReader({
    ...loop(deps, name),
    intervalMs: SUBSCRIPTIONS_INTERVAL_MS,
    gapMs: 0,
    pass: (signal) => ensureSubscriptions({ server: fhir, ...config.fhir }, signal),
  });
  return { ...reader, name, channel: FHIR_CHANNEL, hears: () => false };
}

function loop({ sleep, log, metrics }: Pick<Deps, 'sleep' | 'log' | 'metrics'>, name: string) {
  return {
    name,
    sleep,
    log,
    onPass: (result: { found: number } | { failed: true }) => {
      metrics.readerPasses.inc({ reader: name, result: 'failed' in result ? 'failed' : 'ok' });
      if ('found' in result) metrics.readerItems.inc({ reader: name }, result.found);
    },
  };
}
