// The Tasks of a conversation whose latest message somebody has deleted, on a server that refuses references to what is not there.
import { describe, expect, test } from 'vitest';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { createReadStateWorld } from '../../builders/read-state-world.ts';

const pool = useBridgeDatabase();

describe('a refusal to write the Tasks', () => {
  const refusing = async () => {
    const world = await createReadStateWorld(pool(), { engine: 'bridge' });
    const items = await world.carry('1');
    const refuse = () => Promise.reject(new BridgeError('fhir-refused', 'update Task: 400'));
    Object.assign(world.bridge.fhir, { createOnce: refuse, update: refuse });
    return { ...world, items };
  };

  test('is no fault where the latest message is gone', async () => {
    const { fhir, items, outcomes, run } = await refusing();
    fhir.stored.delete(ref('Communication/1'));
    await run(items);
    expect(outcomes.at(-1)).toBe('gone');
  });

  test('is one where it is there', async () => {
    const { items, run } = await refusing();
    await expect(run(items)).rejects.toThrow('fhir-refused');
  });
});
