// Keeps one rest-hook Subscription per followed resource type on the FHIR server, created or updated in place.
import type { Coding, Subscription } from 'fhir/r4.js';
import { z } from 'zod';
import { isPersonType, type WatchedType } from '../domain/fhir.ts';
import { encodeForm } from '../net/http.ts';
import { hookPath } from './hooks.ts';
import { criteriaFor } from './watched.ts';
import type { FhirServer } from './server.ts';

interface Deps {
  readonly server: Pick<FhirServer, 'search' | 'create' | 'update'>;
  /** Where the FHIR server reaches the bridge. */
  readonly hookUrl: string;
  readonly hookSecret: string;
  /** Whether a hook carries the resource that changed. */
  readonly hookPayload: 'none' | 'resource';
  readonly resourceTypes: readonly WatchedType[];
  /** Of AuditEvents which say that a person has read a message. */
  readonly readType: Coding;
}

const foundSchema = z.looseObject({
  status: z.string(),
  criteria: z.string(),
  channel: z.looseObject({ header: z.array(z.string()).optional(), payload: z.string().optional() }),
});

/**
 * Brings the Subscriptions into being; one that is as it should be is left alone. Called when the server was reached,
 * by one replica.
 * @returns how many had to be created or mended
 */
export async function ensureSubscriptions(deps: Deps, signal: AbortSignal): Promise<number> {
  let mended = 0;
  for (const resourceType of deps.resourceTypes)
    mended += await ensureSubscription(deps, resourceType, signal);
  return mended;
}

async function ensureSubscription(
  { server, hookUrl, hookSecret, hookPayload, readType }: Deps,
  resourceType: WatchedType,
  signal: AbortSignal,
): Promise<number> {
  const criteria = `${resourceType}?${encodeForm(criteriaFor(resourceType, readType))}`;
  const desired: Subscription = {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'FHIR-Matrix bridge: tells of changes, which the bridge then reads',
    criteria,
    channel: {
      type: 'rest-hook',
      endpoint: `${hookUrl}${hookPath(resourceType)}`,
      header: [`Authorization: Bearer ${hookSecret}`],
      // Without it, the hook only wakes the reader, and no patient data passes through it. Of people the bridge writes next to nothing.
      ...(hookPayload === 'resource' && !isPersonType(resourceType) && { payload: 'application/fhir+json' }),
    },
  };
  // The endpoint is what makes a Subscription ours: never a second one for it, or every change would be told twice.
  const url = desired.channel.endpoint ?? '';
  const { resources } = await server.search('Subscription', [['url', url]], 1, signal);
  const [existing] = resources;
  if (isAsDesired(existing, desired)) return 0;
  if (existing === undefined) await server.create(desired, signal);
  else await server.update({ ...desired, id: existing.id, meta: existing.meta }, signal);
  return 1;
}

function isAsDesired(existing: unknown, desired: Subscription): boolean {
  const found = foundSchema.safeParse(existing);
  if (!found.success) return false;
  const { status, criteria, channel } = found.data;
  return (
    (status === 'active' || status === 'requested') &&
    criteria === desired.criteria &&
    (channel.payload ?? '') === (desired.channel.payload ?? '') &&
    channel.header?.length === 1 &&
    channel.header[0] === desired.channel.header?.[0]
  );
}
