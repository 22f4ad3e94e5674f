// On a FHIR server that gives the ids itself, and whose hooks carry what changed: still one record per message, and still no echo.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { communication } from '../../stack/demo/care-network.ts';
import { awaitIdle } from './bridges.ts';
import type { TestContext } from './context.ts';
import { awaitRecords, startContext } from './context.ts';

describe.skipIf(inject('stackMissing') !== undefined)('with ids assigned by the server', () => {
  let context: TestContext;
  beforeAll(async () => {
    context = await startContext({
      BRIDGE_FHIR_ID_STRATEGY: 'server-assigned',
      BRIDGE_FHIR_HOOK_PAYLOAD: 'resource',
    });
  });
  afterAll(async () => {
    await context.end();
  });

  test('messages cross both ways once, though the bridge learns a record’s id only from the answer', async () => {
    const { platform, nurse, prefix, createConversation, bridge } = context;
    const { room, id } = await createConversation('server-ids', 'First');
    const roomId = await nurse.join(room);
    const said = Array.from({ length: 10 }, (_, index) => `From the room ${index}`);
    for (const text of said) await nurse.say(roomId, text);
    await platform.post(communication(prefix, id, 'From the platform'));
    await nurse.hear(roomId, 'From the platform');
    const records = await awaitRecords(
      platform,
      id,
      (found) => found.length === 11 && found.every((record) => record.identifier !== undefined),
    );
    expect(records.filter((record) => record.id.startsWith('m-'))).toEqual([]);
    await awaitIdle(bridge);
    // The request's own first message, the platform's and those of the room, each delivered or recorded once.
    const audited = await platform.search(
      `AuditEvent?entity=CommunicationRequest/${id}&subtype=create&_count=100`,
    );
    expect(audited).toHaveLength(2 + said.length);
    expect((await nurse.history(roomId)).toSorted()).toEqual(
      ['First', 'From the platform', ...said].toSorted(),
    );
  });
});
