// Looks after the Subscriptions by which the FHIR server calls the hooks.
import type { Config } from '../config/schema.ts';
import { watchedTypes } from '../domain/fhir.ts';
import { ensureSubscriptions } from '../fhir/subscriptions.ts';
import type { Bridge } from '../flows/bridge.ts';
import type { BridgeJob } from './job.ts';

const INTERVAL_MS = 60_000;

/** The job. */
export function keepSubscriptions(
  { fhir: server, settings, thread }: Pick<Bridge, 'fhir' | 'settings' | 'thread'>,
  config: Pick<Config, 'fhir'>,
): BridgeJob {
  const { readType } = settings.profile.audit;
  const resourceTypes = watchedTypes(settings.readState.engine !== 'off', thread.header === undefined);
  return {
    name: 'fhir:Subscription',
    service: 'fhir',
    intervalMs: INTERVAL_MS,
    pass: (signal) => ensureSubscriptions({ server, resourceTypes, readType, ...config.fhir }, signal),
  };
}
