// Has mutants appear on both servers, waits until the bridge has done with them, and judges what came of it.
import { setImmediate } from 'node:timers/promises';
import { WATCHED_TYPES } from './watched-types.ts';
import type { WatchedType } from '../../../src/domain/fhir.ts';
import { hookPath } from '../../../src/fhir/hooks.ts';
import { SECRETS } from './canaries.ts';
import type { EventExample } from './examples/events.ts';
import { idAt, RESOURCES, type ResourceExample } from './examples/resources.ts';
import { waitUntilIdle, type Marks } from './idle.ts';
import { judgeRound, type Fault } from './judge-round.ts';
import { eventOf, mutatedEvent, mutatedResource, type Mutation, type PipelineExample } from './mutants.ts';
import { slugOf, type Scene } from './scene.ts';
import type { World } from './world.ts';

/** A mutant that appears in a round. */
export interface Appearing {
  readonly example: PipelineExample;
  readonly mutation: Mutation;
  /** Which of those drawn it is. */
  readonly index: number;
}

/** What came of a round: for each fault the mutant, where it can be told. */
export type RoundFault = Fault & { readonly mutant: Appearing | undefined };

/** Longer than any wait between two attempts. */
export const PATIENCE_MS = 20_000;
let appeared = 0;

/** Plays it. */
export async function playRound(
  world: World,
  scene: Scene,
  mutants: readonly Appearing[],
): Promise<readonly RoundFault[]> {
  const byId = new Map<string, Appearing>();
  world.takeLog();
  for (const [place, mutant] of mutants.entries()) {
    appeared += 1;
    const { example } = mutant;
    const id =
      'comes' in example
        ? resourceAppears(world, example, mutant.mutation, place % scene.places)
        : eventAppears(world, scene, example, mutant.mutation);
    byId.set(id, mutant);
    // The daemon runs in this process too, and must not be kept from its transactions.
    await setImmediate();
  }
  const stuck = await waitUntilIdle(world, await mark(world), PATIENCE_MS);
  const faults = await judgeRound(world, stuck);
  await tidy(world);
  return faults.map((fault) => ({
    ...fault,
    mutant: fault.about.flatMap((about) => mutantIn(byId, about))[0],
  }));
}

function mutantIn(byId: ReadonlyMap<string, Appearing>, text: string): readonly Appearing[] {
  return [...byId].flatMap(([id, mutant]) => (text.includes(id) ? [mutant] : []));
}

/** @returns the event's id */
function eventAppears(
  { homeserver }: World,
  scene: Scene,
  example: EventExample,
  mutation: Mutation,
): string {
  const eventId = `$mutant-${slugOf(example.name)}-${appeared}`;
  const roomId = scene.roomOf(example);
  const known = scene.knownIn(example);
  const target = `${eventId}-target`;
  if (example.changesTarget) homeserver.forge(roomId, targetOf(known.sender, target, roomId));
  const event = eventOf(example, example.changesTarget ? { ...known, target } : known, { eventId, roomId });
  const forged = mutatedEvent(event, mutation);
  const { place } = example;
  if (place === 'ephemeral' || place === 'to_device' || place === 'invite')
    homeserver.forgeBeside(place, place === 'invite' ? `!invite-${appeared}:mutants.example` : roomId, [
      forged,
    ]);
  else homeserver.forge(roomId, forged);
  return eventId;
}

function targetOf(sender: string, eventId: string, roomId: string): object {
  const content = { msgtype: 'm.text', body: 'What is changed' };
  return {
    type: 'm.room.message',
    event_id: eventId,
    room_id: roomId,
    sender,
    origin_server_ts: Date.now(),
    content,
  };
}

/** @returns its reference */
function resourceAppears(
  { fhir }: World,
  { type, comes, name, resource }: ResourceExample,
  mutation: Mutation,
  place: number,
): string {
  const id = comes === 'changed' ? idAt(type, place) : `mutant-${slugOf(name)}-${appeared}`;
  fhir.store.forge(type, id, mutatedResource({ ...resource(place), resourceType: type, id }, mutation));
  return `${type}/${id}`;
}

/** Puts a resource of each type after the mutants, and rings for it as the server would. */
export async function mark({ fhir, ports }: Pick<World, 'fhir' | 'ports'>): Promise<Marks> {
  const marks = new Map<WatchedType, number>();
  for (const type of WATCHED_TYPES) {
    const right = RESOURCES.find((each) => each.type === type)?.resource(0) ?? {};
    const quiet = {
      ...right,
      status: QUIET[type] ?? right['status'] ?? 'active',
      partOf: [],
      entity: [],
      focus: {},
    };
    marks.set(type, fhir.store.put(type, 'marker', quiet).stamp);
    await fetch(`http://127.0.0.1:${ports.main}${hookPath(type)}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRETS.hookSecret}` },
    });
  }
  return marks;
}

/** In which status a resource has the bridge do nothing. */
const QUIET: Readonly<Partial<Record<WatchedType, string>>> = {
  CareTeam: 'proposed',
  CommunicationRequest: 'draft',
  Communication: 'not-done',
};

/** Keeps the world small: handled items and what the round has made on the FHIR server are not looked at again. */
async function tidy({ pool, fhir: { store } }: World): Promise<void> {
  await pool.query('delete from item using lane where lane.id = item.lane_id and item.position <= lane.head');
  await pool.query('delete from dead_letter');
  store.putAway('AuditEvent', (id) => id !== 'marker', { whole: true });
  for (const type of ['Task', 'Communication', 'CareTeam', 'CommunicationRequest', 'Provenance', 'Binary'])
    store.putAway(type, (id) => !/^(changed-|people-|room-|space-|team$|marker$)/.test(id), { whole: false });
}
