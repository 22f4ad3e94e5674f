// The short form of `npm run test:faults`: replicas between real servers, both sides talking, and faults of every sort.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { endSharedBridge } from '../e2e/bridges.ts';
import { createTraceFolder } from '../e2e/traces.ts';
import { castOf, type Cast } from './suite/cast.ts';
import { FAULTS } from './suite/faults.ts';
import { buildLandscape, type Landscape } from './suite/landscape.ts';
import { playRun } from './suite/run.ts';

const SEED = Number(process.env['FAULTS_SEED'] ?? 1_130);
/** The servers are those of all tests: only the bridge's own parts fail here, and the ways between. */
const NO_SERVERS = { synapse: undefined, hapi: undefined, postgres: undefined };

describe.skipIf(inject('stackMissing') !== undefined)('two replicas, while faults happen', () => {
  let landscape: Landscape;
  let cast: Cast;

  beforeAll(async () => {
    await endSharedBridge();
    const { synapse, hapi, appservice, logFolder } = inject('stack');
    const folder = await createTraceFolder(logFolder, 'faults');
    const servers = { synapse, hapi, appservice, services: NO_SERVERS };
    landscape = await buildLandscape({ ...servers, adminUrl: inject('adminUrl'), logFolder: folder }, 2);
    cast = await castOf(landscape, synapse, 'faults-');
  });
  afterAll(async () => {
    await landscape.end();
  });

  test.each([
    ['replicas are killed', 'replica killed', 2],
    ['pushes and hooks go wrong', 'pushes and hooks', 3],
    ['the servers do not answer well', '', 3],
    ['the database goes back to a backup', 'database of the bridge restored', 1],
  ])('nothing is lost, doubled, out of order or altered while %s', async (what, only, faults) => {
    const seed = SEED + what.length;
    const extent = { conversations: 2, steps: 10, faults, only };
    const { findings } = await playRun(landscape, cast, seed, extent);
    expect(findings, `again: FAULTS_SEED=${SEED} npx vitest run --project faults test/faults/suite`).toEqual(
      [],
    );
  });

  test('every fault has a name of its own', () => {
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
  });
});
