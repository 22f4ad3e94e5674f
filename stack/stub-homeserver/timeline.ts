// What is said in rooms: sending and redacting once per transaction, paging back, `/sync` of joined rooms.
import type { Call, Reply, Requester } from './requests.ts';
import { ok, param } from './requests.ts';
import { checkAllowed, checkJoined, checkMayRedact } from './auth-rules.ts';
import { MatrixFailure, forbidden } from './failure.ts';
import { timestampIn } from './room-state.ts';
import { shownBeside } from './forged.ts';
import type { Content, Room, StoredEvent, World } from './world.ts';
import { appendEvent, clientEvent, membershipOf, stateKeyOf } from './world.ts';

const DEFAULT_LIMIT = 10;

/** `PUT /rooms/{roomId}/send/{type}/{txnId}` */
export function sendEvent(call: Call): Reply {
  const { world, requester, body, query } = call;
  const key = transactionKey(requester, call);
  const sent = world.transactions.get(key);
  if (sent !== undefined) return ok({ event_id: sent });
  const room = world.rooms.get(param(call, 'roomId'));
  checkJoined(room, requester.userId);
  const draft = { type: param(call, 'type'), sender: requester.userId, content: body };
  checkAllowed(room, draft);
  const { event_id } = appendEvent(world, room, draft, timestampIn(query));
  world.transactions.set(key, event_id);
  return ok({ event_id });
}

/** `PUT /rooms/{roomId}/redact/{eventId}/{txnId}` */
export function redactEvent(call: Call): Reply {
  const { world, requester, body } = call;
  const key = transactionKey(requester, call);
  const redacted = world.transactions.get(key);
  if (redacted !== undefined) return ok({ event_id: redacted });
  const room = world.rooms.get(param(call, 'roomId'));
  checkJoined(room, requester.userId);
  const redacts = param(call, 'eventId');
  const index = room.timeline.findIndex((event) => event.event_id === redacts);
  const target = room.timeline[index];
  if (target === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', 'No such event in the room');
  checkMayRedact(room, requester.userId, target);
  const draft = { type: 'm.room.redaction', sender: requester.userId, content: { ...body, redacts } };
  checkAllowed(room, draft);
  const { event_id } = appendEvent(world, room, draft);
  room.timeline[index] = { ...target, content: {} };
  world.transactions.set(key, event_id);
  return ok({ event_id });
}

/** `GET /rooms/{roomId}/messages`, backwards and forwards */
export function readMessages(call: Call): Reply {
  const { world, requester, query } = call;
  const isForwards = query.get('dir') === 'f';
  const room = world.rooms.get(param(call, 'roomId'));
  const end = room && lastVisible(room, requester.userId);
  if (room === undefined || end === undefined) throw forbidden(`${requester.userId} is not in the room`);
  const from = Math.min(positionIn(query.get('from')) ?? (isForwards ? 0 : end), end);
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const start = firstAtOrAfter(room.timeline, from);
  const chunk = isForwards
    ? room.timeline.slice(start, Math.min(start + limit, firstAtOrAfter(room.timeline, end)))
    : room.timeline.slice(Math.max(start - limit, 0), start).reverse();
  const last = chunk.at(-1);
  return ok({
    start: token(from),
    chunk: chunk.map(clientEvent),
    ...(last !== undefined && { end: token(isForwards ? last.position + 1 : last.position) }),
  });
}

/** `GET /rooms/{roomId}/event/{eventId}` */
export function readEvent(call: Call): Reply {
  const { world, requester } = call;
  const room = world.rooms.get(param(call, 'roomId'));
  checkJoined(room, requester.userId);
  const wanted = param(call, 'eventId');
  const event = room.timeline.findLast((each) => each.event_id === wanted);
  if (event === undefined) throw new MatrixFailure(404, 'M_NOT_FOUND', 'Event not found.');
  return ok(clientEvent(event));
}

/** `GET /sync`: the timelines of joined rooms, and nothing else; `timeout` is waited for where nothing is new. */
export async function sync(call: Call): Promise<Reply> {
  const { world, requester, query } = call;
  const since = positionIn(query.get('since'));
  const limit = timelineLimit(query.get('filter'));
  const timeoutMs = Number(query.get('timeout') ?? 0);
  let join = joinedTimelines(world, requester.userId, since, limit);
  if (since !== undefined && timeoutMs > 0 && Object.keys(join).length === 0) {
    await newsFor(world, requester.userId, timeoutMs);
    join = joinedTimelines(world, requester.userId, since, limit);
  }
  return ok({ next_batch: token(world.stream.length), ...shownBeside(world, since, join) });
}

/**
 * What makes a repeated request the same. Synapse remembers answers by path for the whole appservice, so that two
 * ghosts with one transaction id get one event; the stub has that trap too.
 */
function transactionKey({ userId, deviceId = '', isAppservice }: Requester, { params }: Call): string {
  const path = [params['roomId'], params['type'] ?? params['eventId'], params['txnId']];
  return JSON.stringify(isAppservice ? path : [...path, userId, deviceId]);
}

function joinedTimelines(
  world: World,
  userId: string,
  since: number | undefined,
  limit: number,
): Record<string, unknown> {
  const rooms = world.users.get(userId)?.rooms ?? new Map<string, never>();
  const changed = since === undefined ? rooms.keys() : roomsWithNews(world, since);
  const join: Record<string, unknown> = {};
  for (const roomId of changed) {
    const own = rooms.get(roomId);
    const room = world.rooms.get(roomId);
    if (room === undefined || own?.membership !== 'join') continue;
    // Whoever has just joined is shown what was said before, and told that there may be more.
    const isNew = since === undefined || own.since >= since;
    const { limited, ...timeline } = timelineFrom(room, isNew ? 0 : since, limit);
    join[roomId] = { timeline: { ...timeline, limited: isNew || limited } };
  }
  return join;
}

function timelineFrom(room: Room, from: number, limit: number): Content & { readonly limited: boolean } {
  const first = firstAtOrAfter(room.timeline, from);
  const shown = room.timeline.slice(Math.max(first, room.timeline.length - limit));
  return {
    events: shown.map(clientEvent),
    limited: room.timeline.length - first > limit,
    prev_batch: token(shown[0]?.position ?? from),
  };
}

function roomsWithNews(world: World, since: number): ReadonlySet<string> {
  return new Set(world.stream.slice(since).map((event) => event.room_id));
}

/** Resolves when something happens in a room of the user, or after the timeout. */
async function newsFor(world: World, userId: string, timeoutMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const listen = (event: StoredEvent): void => {
    if (world.users.get(userId)?.rooms.get(event.room_id)?.membership === 'join') resolve(undefined);
  };
  const timer = setTimeout(() => {
    resolve(undefined);
  }, timeoutMs);
  world.listeners.add(listen);
  await promise;
  clearTimeout(timer);
  world.listeners.delete(listen);
}

/** The position up to which a user sees a room: its end, or where they left. */
function lastVisible(room: Room, userId: string): number | undefined {
  const membership = membershipOf(room, userId);
  if (membership !== 'join' && membership !== 'leave') return undefined;
  const last =
    membership === 'join' ? room.timeline.at(-1) : room.state.get(stateKeyOf('m.room.member', userId));
  return (last?.position ?? 0) + 1;
}

/** The index of the first event at or after a position: timelines are in the order of the stream. */
function firstAtOrAfter(timeline: readonly StoredEvent[], position: number): number {
  let [low, high] = [0, timeline.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timeline[middle]?.position ?? 0) < position) low = middle + 1;
    else high = middle;
  }
  return low;
}

function timelineLimit(filter: string | null): number {
  if (filter === null) return DEFAULT_LIMIT;
  const { room } = JSON.parse(filter) as { room?: { timeline?: { limit?: number } } };
  return room?.timeline?.limit ?? DEFAULT_LIMIT;
}

/** A token says how much of the stream was seen. */
export function token(position: number): string {
  return `s${position}`;
}

function positionIn(given: string | null): number | undefined {
  if (given === null) return undefined;
  if (!/^s\d+$/.test(given)) throw new MatrixFailure(400, 'M_INVALID_PARAM', 'Not a token of this stub');
  return Number(given.slice(1));
}
