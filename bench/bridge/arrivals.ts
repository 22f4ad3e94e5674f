// What came out on the other side of a line: read from the servers, with their own stamps, and judged.
import { waitUntil } from '../../stack/wait.ts';
import { judge, type Arrival, type Said, type Verdict } from '../judge.ts';
import type { Ground } from './ground.ts';
import type { Line } from './line.ts';
import { tokenIn, type Direction } from './said.ts';

/** Of which messages. */
export interface Awaited {
  readonly run: number;
  readonly direction: Direction;
  /** Before the first of them, in milliseconds since the epoch. */
  readonly since: number;
  readonly said: readonly Said[];
  /** How many messages of any direction the other side has in the end. */
  readonly expected: number;
}

/** So long may a backlog take. */
const PATIENCE_MS = 15 * 60_000;
/** The stamps are the servers', so that one need not look often. */
const LOOK_EVERY_MS = 500;

/** Waits until all have arrived, but not for ever. */
export async function awaitArrivals(
  ground: Ground,
  line: Line,
  awaited: Awaited,
): Promise<readonly Arrival[]> {
  let arrivals: readonly Arrival[] = [];
  const haveArrived = async (): Promise<boolean> => {
    if ((await count(ground, line, awaited)) < awaited.expected) return false;
    arrivals = await read(ground, line, awaited);
    return judge(awaited.said, arrivals).lost === 0;
  };
  const options = { what: 'all have arrived', timeoutMs: PATIENCE_MS, everyMs: LOOK_EVERY_MS };
  // What is missing is found by who judges.
  return waitUntil(haveArrived, options).then(
    () => arrivals,
    () => read(ground, line, awaited),
  );
}

/** What went wrong, in words. */
export function problemsIn(what: string, verdict: Verdict): readonly string[] {
  const { lost, doubled, outOfOrder, altered } = verdict;
  return Object.entries({ lost, doubled, 'out of order': outOfOrder, altered })
    .filter(([, messages]) => messages > 0)
    .map(([how, messages]) => `${what}: ${messages} ${how}`);
}

function count(
  { records, roomMessages }: Ground,
  { places }: Line,
  { direction, since }: Awaited,
): Promise<number> {
  if (direction === 'matrix-to-fhir') return records.countSince(since);
  const roomIds = places.map(({ roomId }) => roomId);
  return roomMessages.countSince(since, roomIds);
}

async function read(
  { records, roomMessages }: Ground,
  { places }: Line,
  { run, direction, since }: Awaited,
): Promise<readonly Arrival[]> {
  const arrivalOf = (room: number, record: string, text: unknown, atMs: number): readonly Arrival[] => {
    const token = tokenIn(text, run, direction);
    if (token === undefined || room < 0) return [];
    return [{ stream: String(room), record, token, text: String(text), atMs }];
  };
  if (direction === 'matrix-to-fhir')
    return (await records.since(since)).flatMap(({ id, belongsTo, text, stampedMs }) =>
      arrivalOf(
        places.findIndex((place) => place.belongsTo === belongsTo),
        ...([id, text, stampedMs] as const),
      ),
    );
  const roomIds = places.map(({ roomId }) => roomId);
  return (await roomMessages.since(since, roomIds)).flatMap(({ roomId, eventId, content, storedMs }) =>
    arrivalOf(roomIds.indexOf(roomId), eventId, content['body'], storedMs),
  );
}
