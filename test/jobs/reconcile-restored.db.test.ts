// A position of `/sync` that goes back is noticed, and then all rooms are compared, a batch at a time. On real tables.
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { readMatrix } from '../../src/jobs/read-matrix.ts';
import { reconcileRestored } from '../../src/jobs/reconcile-restored.ts';
import { MATRIX_READER } from '../../src/flows/reader-names.ts';
import { saveCursor } from '../../src/store/cursors.ts';
import { findOpen, noteRestoration, saveReconciled } from '../../src/store/restorations.ts';
import { createBridge, unreachableFhir, unreachableHomeserver } from '../builders/bridge.ts';
import { LEAST } from '../builders/config.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const NOTHING_SAID = { rooms: [], behind: [], receipts: [], invitations: [] };
const noMore = () => undefined;

test.each([
  ['s9_1', 's5_1', ['matrix']],
  ['s5_1', 's9_1', []],
])('from the position %s to %s: %o', async (before, after, expected) => {
  await saveCursor(pool(), MATRIX_READER, before);
  const bridge = createBridge(pool(), {
    homeserver: {
      ...unreachableHomeserver,
      sync: () => Promise.resolve({ ...NOTHING_SAID, position: after }),
    },
  });
  const config = await loadConfig(undefined, LEAST);
  await readMatrix({ ...bridge, config, intake: { synced: () => Promise.resolve(0) } }).pass(never, noMore);
  expect((await findOpen(pool())).map(({ what }) => what)).toEqual(expected);
});

test('rooms are compared in their order, spaces first, from where it was broken off, once', async () => {
  for (const reference of ['CommunicationRequest/1', 'CareTeam/2', 'CareTeam/1'])
    await pool().query('insert into room (reference, alias) values ($1, $1)', [reference]);
  await noteRestoration(pool(), 'database');
  const [open] = await findOpen(pool());
  if (open !== undefined) await saveReconciled(pool(), open, ref('CareTeam/1'));
  const compared: string[] = [];
  const bridge = createBridge(pool(), {
    fhir: {
      ...unreachableFhir,
      readMany: (references) => {
        compared.push(...references);
        return Promise.resolve(new Map());
      },
      read: () => Promise.resolve(undefined),
    },
  });
  const { pass } = reconcileRestored(bridge);
  let again = 1;
  while (again > 0) {
    again -= 1;
    await pass(never, () => (again += 1));
  }
  expect([...new Set(compared)]).toEqual(['CareTeam/2', 'CommunicationRequest/1']);
  expect(await findOpen(pool())).toEqual([]);
});
