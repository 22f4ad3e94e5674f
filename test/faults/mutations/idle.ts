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
}

/** Lanes with anything to do. Notices wait for each other on purpose, and for hours. */
const BUSY = `
  select key, attempts, last_error_code as code, (tail - head)::int as waiting from lane
  where ready_at is not null and not (starts_with(key, 'notice:') and attempts = delays) limit 20`;

/** Something that is left to do, and what changes while somebody is at it. */
interface Left {
  readonly about: string;
  readonly what: string;
  readonly progress: string;
}

/**
 * Waits as long as whatever is left to do goes on. That another reader goes on is no progress of a reader that stands still.
 * @returns what is stuck when it has not gone on for so long; nothing where all is done
 */
export async function waitUntilIdle(
  world: Pick<World, 'pool' | 'homeserver'>,
  marks: Marks,
  patienceMs: number,
): Promise<readonly string[]> {
  let before = new Map<string, Omit<Left, 'about'> & { readonly sinceMs: number }>();
  for (let looks = 0; ;) {
    const left = await leftToDo(world, marks);
    const now = performance.now();
    // What was handled may have begun something that nobody had seen at the first look.
    looks = left.length === 0 ? looks + 1 : 0;
    if (looks === 2) return [];
    const since = new Map(
      left.map(({ about, what, progress }) => {
        const seen = before.get(about);
        return [about, { what, progress, sinceMs: seen?.progress === progress ? seen.sinceMs : now }];
      }),
    );
    const stuck = [...since.values()].filter(({ sinceMs }) => now - sinceMs > patienceMs);
    if (stuck.length > 0) return stuck.map(({ what }) => what);
    before = since;
    await sleep(LOOK_EVERY_MS);
  }
}

/** How far the lanes and the readers are. */
async function placeOf({ pool }: Pick<World, 'pool'>): Promise<string> {
  const { rows } = await pool.query<{ place: string }>(
    `select concat((select sum(head) from lane), (select string_agg(position, ' ' order by reader) from reader_cursor)) as place`,
  );
  return rows[0]?.place ?? '';
}

async function leftToDo(
  { pool, homeserver }: Pick<World, 'pool' | 'homeserver'>,
  marks: Marks,
): Promise<readonly Left[]> {
  const position = homeserver.position();
  const progress = await placeOf({ pool });
  const { rows: lanes } = await pool.query<BusyLane>(BUSY);
  const { rows: behind } = await pool.query<{ room_id: string }>('select room_id from room_behind limit 20');
  const { rows: unwritten } = await pool.query<{ communication: string }>(
    'select communication from write_back limit 20',
  );
  const unread = await Promise.all(
    [...marks].map(async ([type, stamp]) => {
      const cursor = await readCursor(pool, fhirReader(type));
      const isRead = cursor !== undefined && Date.parse(cursor) >= stamp;
      return isRead ? [] : [{ about: type, what: `${type} is not read`, progress: cursor ?? '' }];
    }),
  );
  const isSynced = (await readCursor(pool, MATRIX_READER)) === position;
  return [
    ...lanes.map((lane) => ({ about: lane.key, what: describe(lane), progress })),
    ...behind.map(({ room_id: roomId }) => ({ about: roomId, what: `room ${roomId} is behind`, progress })),
    ...unwritten.map(({ communication: about }) => ({
      about,
      what: `${about} is not written back`,
      progress,
    })),
    ...unread.flat(),
    ...(isSynced && homeserver.position() === position
      ? []
      : [{ about: MATRIX_READER, what: '/sync is not read', progress }]),
  ];
}

function describe({ key, attempts, code, waiting }: BusyLane): string {
  return `lane ${key}, ${waiting} items, ${attempts} attempts, ${code ?? 'no error'}`;
}
