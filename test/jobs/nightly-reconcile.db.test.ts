// The nightly reconcile compares everything in one night, whoever may not be read. On real tables.
import { expect, test } from 'vitest';
import type { FhirServer } from '../../src/fhir/server.ts';
import { nightlyReconcile } from '../../src/jobs/nightly-reconcile.ts';
import { readCursor, saveCursor } from '../../src/store/cursors.ts';
import { BridgeError } from '../../src/telemetry/errors.ts';
import { loadConfig } from '../../src/config/load.ts';
import { SETTINGS } from '../builders/bridge.ts';
import { LEAST } from '../builders/config.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { ROOM } from '../builders/leading-world.ts';
import { recordingLog } from '../builders/log.ts';
import { createSeenWorld, named } from '../builders/seen-world.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const NAME = 'nightly-reconcile';
const UNREADABLE: ReadonlySet<string> = new Set(['Practitioner/8', 'CareTeam/9']);

/** Of what is asked for, some may not be read. */
function withUnreadable({ readMany }: Pick<FhirServer, 'readMany'>): FhirServer['readMany'] {
  return (references, signal, onForbidden) => {
    for (const reference of references.filter((each) => UNREADABLE.has(each))) {
      const refusal = new BridgeError('fhir-forbidden', 'read: 403');
      if (onForbidden === undefined) return Promise.reject(refusal);
      onForbidden(reference, refusal);
    }
    return readMany(
      references.filter((each) => !UNREADABLE.has(each)),
      signal,
    );
  };
}

test('a person and a team that may not be read end no night: what comes after them is mended', async () => {
  // Of names that do not change with who may be read.
  const { roomTemplates } = SETTINGS;
  const { bridge, write, converge, content } = await createSeenWorld(pool(), { roomTemplates });
  write({ participant: [named('Practitioner/7'), named('Practitioner/8')] });
  await converge('CareTeam/1', 'CommunicationRequest/2', 'CareTeam/1');
  await pool().query(
    `insert into room (reference, alias, room_id) values ('CareTeam/9', '#careteam/9:example.org', '!ninth')`,
  );
  const name = await content(ROOM, 'm.room.name');
  await bridge.homeserver.putState(bridge.settings.bot, ROOM, {
    ...{ type: 'm.room.name', state_key: '', content: { name: 'By hand' } },
  });
  await saveCursor(pool(), NAME, '2026-11-20');

  const log = recordingLog();
  Object.assign(bridge, { log, fhir: { ...bridge.fhir, readMany: withUnreadable(bridge.fhir) } });
  const job = nightlyReconcile(bridge, await loadConfig(undefined, LEAST));
  expect(await job.pass(never, () => undefined)).toBe(1);
  expect(await content(ROOM, 'm.room.name')).toEqual(name);
  expect(log.lines).toContainEqual({
    ...{ level: 'info', message: 'The nightly reconcile is done' },
    fields: { checked: 3, differed: 1, failed: 1 },
  });
  const told = log.lines.filter(({ message }) => message.includes('could not compare'));
  expect(told.map(({ fields }) => fields)).toEqual([{ reference: ref('CareTeam/9') }]);
  expect(await readCursor(pool(), NAME)).toBe('2026-11-21');
});
