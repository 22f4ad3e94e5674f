// Without hooks nothing is lost: the poll finds what changed.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';

const POLL_SECONDS = 2;

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
});
