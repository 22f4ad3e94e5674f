// A FHIR server that was put back to an earlier state is noticed, however little of it is left. On a real database.
import { describe, expect, test } from 'vitest';
import { FOLLOWED_TYPES } from '../../../src/domain/fhir.ts';
import type { FhirReference } from '../../../src/domain/ids.ts';
import { lookForRestoration } from '../../../src/flows/restorations/fhir.ts';
import type { StoredResource } from '../../../src/fhir/server.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { createBridge, unreachableFhir } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref, stored } from '../../builders/fhir.ts';
import { tables } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const NOON = '2026-11-29T12:00:00.000Z';

/** A bridge over a server that has these resources, and knows of these that they were deleted. */
const bridgeOver = (present: readonly StoredResource[], deleted: readonly string[] = []) =>
  createBridge(pool(), {
    fhir: {
      ...unreachableFhir,
      readMany: (references) =>
        Promise.resolve(
          new Map(
            present
              .map((each) => [ref(`${each.resourceType}/${each.id}`), each] as const)
              .filter(([reference]) => references.includes(reference)),
          ),
        ),
      wasDeleted: (reference) => Promise.resolve(deleted.includes(reference)),
      search: () => Promise.resolve({ resources: [], serverTime: NOON }),
    },
  });

/** What was read: of many messages the three newest are looked for. */
async function seen(): Promise<void> {
  const versions = [1, 2, 3, 4].map((id) => ({
    ...{ reference: ref(`Communication/${id}`), versionId: '2' },
    lastUpdated: `2026-11-29T12:00:0${id}.000Z`,
  }));
  await tables.resourceVersions.recordRead(pool(), versions);
}
const present = [2, 3, 4].map((id) => stored(`Communication/${id}`, '2', `2026-11-29T12:00:0${id}.000Z`));
const noted = async () => (await tables.restorations.findOpen(pool())).map(({ what }) => what);

describe('a server', () => {
  test('that has what was last read of it was not put back', async () => {
    await seen();
    expect(await lookForRestoration(bridgeOver(present), never)).toBe(false);
    expect(await noted()).toEqual([]);
  });

  test('of which somebody deleted something was not put back', async () => {
    await seen();
    expect(await lookForRestoration(bridgeOver(present.slice(1), ['Communication/2']), never)).toBe(false);
  });

  test.each([
    ['that lacks what was last read of it', present.slice(0, -1)],
    [
      'that has it in an earlier version',
      [...present.slice(0, -1), stored('Communication/4', '1', '2026-11-29T11:00:00.000Z')],
    ],
    [
      'that gives its number again',
      [...present.slice(0, -1), stored('Communication/4', '2', '2026-11-29T13:00:00.000Z')],
    ],
  ])('%s was put back: what was seen of it is forgotten, and all is to be compared', async (_, has) => {
    await seen();
    expect(await lookForRestoration(bridgeOver(has), never)).toBe(true);
    expect(await noted()).toEqual(['fhir']);
    expect(await tables.resourceVersions.findNewest(pool(), FOLLOWED_TYPES, 1)).toEqual([]);
    expect(await lookForRestoration(bridgeOver(has), never)).toBe(false);
  });

  test.each(['fhir-forbidden', 'fhir-answer'] as const)(
    'of which one resource cannot be read any more (%s) is judged by the others',
    async (code) => {
      await seen();
      const without = (has: readonly StoredResource[]) => {
        const bridge = bridgeOver(has);
        const read = async (reference: FhirReference) => {
          if (reference === 'Communication/3') throw new BridgeError(code, 'of this one alone');
          return (await bridge.fhir.readMany([reference])).get(reference);
        };
        const readMany = () => Promise.reject(new BridgeError(code, 'of one of them'));
        return { ...bridge, fhir: { ...bridge.fhir, read, readMany } };
      };
      expect(await lookForRestoration(without(present), never)).toBe(false);
      expect(await lookForRestoration(without(present.slice(0, -1)), never)).toBe(true);
    },
  );

  test('whose clock went back as well is read from its own time on', async () => {
    await seen();
    await tables.cursors.saveCursor(pool(), 'fhir:Communication', '2026-11-29T14:00:00.000+00:00');
    await tables.cursors.saveCursor(pool(), 'fhir:CareTeam', '2026-11-29T11:00:00.000+00:00');
    await lookForRestoration(bridgeOver([]), never);
    expect(await tables.cursors.readCursor(pool(), 'fhir:Communication')).toBe(NOON);
    expect(await tables.cursors.readCursor(pool(), 'fhir:CareTeam')).toBe('2026-11-29T11:00:00.000+00:00');
  });
});

test('rooms whose resource is gone are counted as long as they have members', async () => {
  await pool().query(
    `insert into room (reference, alias, room_id, gone_since, phase)
     values ('CareTeam/1', '', '!1', $1, 'read-only'), ('CareTeam/2', '', '!2', $1, 'closed')`,
    [NOON],
  );
  expect(await tables.roomResources.countGone(pool())).toBe(1);
});
