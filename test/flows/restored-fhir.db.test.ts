// A FHIR server that was restored from a backup gives ids and versions anew: what comes under them is taken in as new.
import { expect, test } from 'vitest';
import { createIntake } from '../../src/flows/intake.ts';
import { inTransaction } from '../../src/inbox/database.ts';
import { findBusyLanes, knownSourceIds } from '../../src/inbox/known-items.ts';
import { ozoThreads as thread } from '../../src/mapping/threads/ozo.ts';
import { clockAt, SETTINGS } from '../builders/bridge.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { communication, stored } from '../builders/fhir.ts';
import { enqueue, tables } from '../builders/payloads.ts';

const pool = useBridgeDatabase();
const BEFORE = '2026-11-29T12:00:00.000Z';
const AFTER = '2026-11-29T15:00:00.000Z';
const LANE = 'to-matrix:CommunicationRequest/245';

const intake = () =>
  createIntake({
    db: pool(),
    transact: (work) => inTransaction(pool(), work),
    ...{ enqueue, knownSourceIds, findBusyLanes, thread, wakeMatrixReader: () => Promise.resolve() },
    store: tables,
    settings: SETTINGS,
    clock: clockAt('2026-11-29T12:00:00Z'),
  });
const message = (lastUpdated: string) =>
  stored('Communication/5001', '1', lastUpdated, { ...communication() });

test('a Communication with the id and version of one that was lost is taken in', async () => {
  const { pulled } = intake();
  expect(await pulled('Communication', [message(BEFORE)])).toBe(1);
  expect(await pulled('Communication', [message(BEFORE)])).toBe(0);
  expect(await pulled('Communication', [message(AFTER)])).toBe(1);
  expect(await pulled('Communication', [message(AFTER)])).toBe(0);
  expect(await itemsIn(pool(), LANE)).toEqual([
    `Communication/5001/1@${BEFORE}`,
    `Communication/5001/1@${AFTER}`,
  ]);
});

test('it is no version of the bridge’s own, though that was', async () => {
  const { recordWritten, wasWritten } = tables.resourceVersions;
  const own = { reference: 'Communication/5001', versionId: '1', lastUpdated: BEFORE } as Parameters<
    typeof recordWritten
  >[1];
  await recordWritten(pool(), own);
  expect(await intake().pulled('Communication', [message(BEFORE)])).toBe(0);
  expect(await intake().pulled('Communication', [message(AFTER)])).toBe(1);
  expect(await wasWritten(pool(), 'Communication/5001', '1')).toBe(false);
});
