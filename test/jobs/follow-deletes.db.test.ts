// The reader of deletions: its cursor, its overlap, and a server that keeps no history.
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { DeletionPage } from '../../src/fhir/deletions.ts';
import { FhirRefusal } from '../../src/fhir/client.ts';
import { followDeletes } from '../../src/jobs/follow-deletes.ts';
import { createBridge, unreachableFhir } from '../builders/bridge.ts';
import { LEAST } from '../builders/config.ts';
import { itemsIn, useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { recordingLog } from '../builders/log.ts';

const pool = useBridgeDatabase();
const signal = new AbortController().signal;
const again = () => undefined;
const AT = '2026-11-29T12:00:00.000Z';

async function reader(pages: () => readonly DeletionPage[], name = 'deletions') {
  const asked: string[] = [];
  const fhir = {
    ...unreachableFhir,
    // eslint-disable-next-line @typescript-eslint/require-await -- as the pages of a server come
    deletionsSince: async function* (_type: string, since: string) {
      asked.push(since);
      yield* pages();
    },
  };
  const log = recordingLog();
  const config = await loadConfig(undefined, LEAST);
  const jobs = followDeletes({ ...createBridge(pool(), { fhir, log }), config });
  const job = jobs.find((each) => each.name === name);
  if (job === undefined) throw new TypeError(`No job ${name}`);
  const intervalMs = () => (typeof job.intervalMs === 'number' ? job.intervalMs : job.intervalMs());
  return { asked, log, intervalMs, pass: () => job.pass(signal, again) };
}

describe('the reader of deletions', () => {
  test('begins with the server’s now, and goes back by the overlap from then on', async () => {
    const { asked, pass } = await reader(() => [{ deletions: [], serverTime: AT }]);
    await pass();
    await pass();
    expect(asked).toEqual(['2999-01-01T00:00:00.000Z', '2026-11-29T11:58:00.000Z']);
  });

  test('stores page after page, once, and takes the time of the first as the next beginning', async () => {
    const page = (id: string, serverTime: string) => ({
      deletions: [{ reference: ref(`Communication/${id}`), versionId: '2' }],
      serverTime,
    });
    await pool().query(
      `insert into room (reference, alias, room_id) values ('CommunicationRequest/1', '#a:h', '!r:h')`,
    );
    await pool().query(
      `insert into message_link (origin, cause, kind, communication, room_id)
       select 'fhir', id, 'text', id, '!r:h' from unnest(array['Communication/1', 'Communication/2']) as id`,
    );
    const { asked, pass } = await reader(() => [page('1', AT), page('2', '2026-11-29T13:00:00Z')]);
    expect(await pass()).toBe(2);
    expect(await pass()).toBe(0);
    expect(asked[1]).toBe('2026-11-29T11:58:00.000Z');
    const items = await itemsIn(pool(), 'to-matrix:CommunicationRequest/1');
    expect(items).toEqual(['Communication/1/2 of 1', 'Communication/2/2 of 2']);
  });

  test('of conversations asks for the rooms that they had', async () => {
    await pool().query(
      `insert into room (reference, alias, room_id)
       values ('CommunicationRequest/1', '#a:h', '!r:h'), ('CommunicationRequest/2', '#b:h', null)`,
    );
    const deletions = ['1', '2', '3'].map((id) => ({
      reference: ref(`CommunicationRequest/${id}`),
      versionId: '4',
    }));
    const { pass } = await reader(() => [{ deletions, serverTime: AT }], 'deletions:CommunicationRequest');
    expect(await pass()).toBe(1);
    expect(await pass()).toBe(0);
    expect(await itemsIn(pool(), 'to-matrix:CommunicationRequest/1')).toEqual([
      'CommunicationRequest/1/4 deleted CommunicationRequest/1',
    ]);
  });

  test('asks a server that keeps no history seldom, says so once, and goes on from where it was should it have one again', async () => {
    let has = true;
    const { asked, log, intervalMs, pass } = await reader(() => {
      if (has) return [{ deletions: [], serverTime: AT }];
      throw new FhirRefusal('fhir-refused', 'history', { status: 404, retryAfterMs: undefined });
    });
    await pass();
    const usual = intervalMs();
    has = false;
    expect([await pass(), await pass()]).toEqual([0, 0]);
    expect([intervalMs(), log.lines.length]).toEqual([600_000, 1]);
    has = true;
    await pass();
    expect(intervalMs()).toBe(usual);
    expect(asked.slice(1)).toEqual(asked.slice(1).fill('2026-11-29T11:58:00.000Z'));
  });

  test('asks a server that fails again, from where it was', async () => {
    const { asked, pass } = await reader(() => {
      throw new FhirRefusal('fhir-unavailable', 'history', { status: 503, retryAfterMs: undefined });
    });
    await expect(pass()).rejects.toThrow('fhir-unavailable');
    await expect(pass()).rejects.toThrow('fhir-unavailable');
    expect(asked).toHaveLength(2);
  });
});
