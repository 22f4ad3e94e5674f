// Without hooks nothing is lost: the poll finds what changed.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import type { Resource } from '../../stack/demo/platform.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';

const POLL_SECONDS = 2;
/** HAPI hands out a thousand of what it may not store. */
const OF_OTHERS = 1200;
const OWN = 3;

describe.skipIf(inject('stackMissing') !== undefined)('with hooks switched off', () => {
  let context: TestContext;
  beforeAll(async () => {
    // A secret of its own keeps Subscriptions that other tests left on the server from being called here.
    context = await startContext({
      BRIDGE_FHIR_SUBSCRIPTIONS: 'false',
      BRIDGE_FHIR_POLL_INTERVAL_SECONDS: String(POLL_SECONDS),
      BRIDGE_FHIR_HOOK_SECRET: 'a secret no Subscription carries',
    });
  });
  afterAll(async () => {
    await context.end();
  });

  test('a Communication is in its room within the poll interval', async () => {
    const { platform, nurse, prefix, createConversation, bridge } = context;
    const { room, id } = await createConversation('polled', 'First');
    const roomId = await nurse.join(room);
    await nurse.hear(roomId, 'First');
    const before = performance.now();
    await platform.post(communication(prefix, id, 'Seen by polling'));
    await nurse.hear(roomId, 'Seen by polling');
    // What is above the interval is for the way through both servers and back to the client.
    expect(performance.now() - before).toBeLessThan(POLL_SECONDS * 1000 + 1_500);
    const metrics = await (await fetch(`${bridge.opsUrl}/metrics`)).text();
    expect(metrics).not.toContain('bridge_wake_ups_total{source="fhir",result="stored"}');
  });

  test('of a transaction with more than the server hands out at once, the conversation’s own are said in the order in which they were sent, and so is the next', async () => {
    const { platform, nurse, prefix, createConversation, fhirUrl } = context;
    const { room, id } = await createConversation('import', 'First');
    const roomId = await nurse.join(room);
    await nurse.hear(roomId, 'First');

    const sentAt = (second: number): string => new Date(Date.now() - 60_000 + second * 1000).toISOString();
    const own = Array.from({ length: OWN }, (_, index) => ({
      ...communication(prefix, id, `Imported ${index + 1}`),
      sent: sentAt(index),
    }));
    const others = Array.from({ length: OF_OTHERS }, (_, index) => ({
      ...{ resourceType: 'Communication', status: 'completed', sent: sentAt(index % 30) },
      partOf: [{ display: 'A conversation of another system' }],
      payload: [{ contentString: 'Nothing to the bridge' }],
    }));
    // Far from each other, and the latest first.
    const step = OF_OTHERS / OWN;
    const all = own
      .toReversed()
      .flatMap((each, index) => [each, ...others.slice(index * step, (index + 1) * step)]);
    await writeAtOnce(fhirUrl, all);
    await platform.post(communication(prefix, id, 'After the import'));

    await nurse.hear(roomId, 'After the import');
    await nurse.hear(roomId, `Imported ${OWN}`);
    expect(await nurse.history(roomId)).toEqual([
      'First',
      ...own.map((_, index) => `Imported ${index + 1}`),
      'After the import',
    ]);
  });
});

async function writeAtOnce(fhirUrl: string, resources: readonly Resource[]): Promise<void> {
  const entry = resources.map((resource) => ({
    resource,
    request: { method: 'POST', url: resource.resourceType },
  }));
  const response = await fetch(fhirUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json', prefer: 'return=minimal' },
    body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
  });
  expect(response.status).toBe(200);
}
