// Waits until the bridge has read everything and has nothing left to do; what keeps it busy for too long is stuck.
import { setTimeout as sleep } from 'node:timers/promises';
import type { WatchedType } from '../../../src/domain/fhir.ts';
import { fhirReader, MATRIX_READER } from '../../../src/flows/reader-names.ts';
import { readCursor } from '../../../src/store/cursors.ts';
import type { World } from './world.ts';

/** Up to which resources the bridge is to have read: the stamp of the last one of each type, in milliseconds. */
export type Marks = ReadonlyMap<WatchedType, number>;

const LOOK_EVERY_MS = 60;

interface BusyLane {
  readonly key: string;
  readonly attempts: number;
  readonly code: string | null;
  readonly waiting: number;
  readonly seconds: number;
}

/** Lanes with anything to do. Notices wait for each other on purpose, and for hours. */
const BUSY = `
  select key, attempts, last_error_code as code, (tail - head)::int as waiting,
    extract(epoch from ready_at - now())::int as seconds from lane
  where ready_at is not null and not (starts_with(key, 'notice:') and attempts = delays) limit 20`;

/** Waits as long as anything goes on. @returns what is stuck when nothing has for so long; nothing where all is done */
export async function waitUntilIdle(
  world: Pick<World, 'pool' | 'homeserver'>,
  marks: Marks,
  patienceMs: number,
): Promise<readonly string[]> {
  let movedAt = performance.now();
  let before = '';
  for (let looks = 0; ;) {
    const left = await leftToDo(world, marks);
    const now = await placeOf(world);
    if (now !== before) movedAt = performance.now();
    before = now;
    // What was handled may have begun something that nobody had seen at the first look.
    looks = left.length === 0 ? looks + 1 : 0;
    if (looks === 2) return [];
    if (performance.now() - movedAt > patienceMs) return left;
    await sleep(LOOK_EVERY_MS);
  }
}

/** How far everything is. */
async function placeOf({ pool }: Pick<World, 'pool'>): Promise<string> {
  const { rows } = await pool.query<{ place: string }>(
    `select concat((select sum(head) from lane), (select string_agg(position, ' ' order by reader) from reader_cursor)) as place`,
  );
  return rows[0]?.place ?? '';
}

async function leftToDo(
  { pool, homeserver }: Pick<World, 'pool' | 'homeserver'>,
  marks: Marks,
): Promise<readonly string[]> {
  const position = homeserver.position();
  const { rows: lanes } = await pool.query<BusyLane>(BUSY);
  const { rows: behind } = await pool.query<{ room_id: string }>('select room_id from room_behind limit 20');
  const unread = await Promise.all(
    [...marks].map(async ([type, stamp]) => {
      const cursor = await readCursor(pool, fhirReader(type));
      return cursor !== undefined && Date.parse(cursor) >= stamp ? [] : [`${type} is not read`];
    }),
  );
  const isSynced = (await readCursor(pool, MATRIX_READER)) === position;
  return [
    ...lanes.map(
      ({ key, attempts, code, waiting, seconds }) =>
        `lane ${key}, ${waiting} items, ready in ${seconds} s, ${attempts} attempts, ${code ?? 'no error'}`,
    ),
    ...behind.map(({ room_id: roomId }) => `room ${roomId} is behind`),
    ...unread.flat(),
    ...(isSynced && homeserver.position() === position ? [] : ['/sync is not read']),
  ];
}
