// One resource that may not be read is one finding of a resync: neither its batch nor the night ends with it.
import { expect, test } from 'vitest';
import type { FhirReference } from '../../../src/domain/ids.ts';
import { resync, type ResyncFinding } from '../../../src/flows/structure/resync.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { createSeenWorld } from '../../builders/seen-world.ts';

const pool = useBridgeDatabase();

test('all others are compared', async () => {
  const world = await createSeenWorld(pool());
  world.write({ participant: [{ member: { reference: 'Practitioner/7' } }] });
  await world.converge('CareTeam/1', 'CommunicationRequest/2', 'CareTeam/1');
  await pool().query(
    `insert into room (reference, alias, room_id) values ('CareTeam/9', '#careteam/9:example.org', '!ninth')`,
  );
  const { fhir } = world.bridge;
  const readMany: typeof fhir.readMany = (references, ...rest) =>
    references.includes('CareTeam/9' as FhirReference)
      ? Promise.reject(new BridgeError('fhir-forbidden', 'read CareTeam: 403'))
      : fhir.readMany(references, ...rest);
  const findings: ResyncFinding[] = [];
  const bridge = { ...world.bridge, fhir: { ...fhir, readMany } };
  const summary = await resync(
    bridge,
    { dryRun: true },
    (finding) => findings.push(finding),
    new AbortController().signal,
  );
  expect(findings.map(({ changes }) => changes)).toEqual([
    [],
    [expect.stringContaining('fhir-forbidden')],
    [],
  ]);
  expect(summary).toEqual({ checked: 3, differed: 0, failed: 1 });
  expect(findings.map(({ reference, state }) => `${reference} ${state}`)).toEqual([
    'CareTeam/1 in-sync',
    'CareTeam/9 failed',
    'CommunicationRequest/2 in-sync',
  ]);
});
