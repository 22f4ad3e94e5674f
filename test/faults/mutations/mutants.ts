// Draws mutants of events and resources, and makes them. Pure.
import fc from 'fast-check';
import { changed, type Change } from './change-json.ts';
import { changes } from './changes.ts';
import { EVENTS, type EventExample, type Known } from './examples/events.ts';
import { RESOURCES, type ResourceExample } from './examples/resources.ts';
import { childrenOf, objectOf, type Json, type JsonObject } from '../../../stack/stub-fhir/json.ts';

/** The name by which an example is chosen and told of: what it is, then which. */
export function labelOf(example: PipelineExample): string {
  if ('comes' in example) return `resource ${example.name}`;
  if (example.stateKey !== undefined) return `state ${example.name}`;
  return example.kind === undefined ? `beside ${example.name}` : `message ${example.name}`;
}

/** What is done to an example: to all of it, or only to what its sender decides. */
export interface Mutation {
  readonly isInside: boolean;
  readonly changes: readonly Change[];
}

/** An event or a resource. */
export type PipelineExample = EventExample | ResourceExample;

/** All of them. */
export const PIPELINE_EXAMPLES: readonly PipelineExample[] = [...EVENTS, ...RESOURCES];

/** Mutations: three of four inside, as what lacks its very form does not get far. */
export const mutation: fc.Arbitrary<Mutation> = fc.record({
  isInside: fc.constantFrom(true, true, true, false),
  changes,
});

/** An event before it is changed. */
export function eventOf(
  { type, stateKey, content }: EventExample,
  known: Known,
  ids: { readonly eventId: string; readonly roomId: string },
): JsonObject {
  const right = content(known);
  return {
    ...{ type, event_id: ids.eventId, room_id: ids.roomId, sender: known.sender },
    ...{ origin_server_ts: Date.now(), unsigned: { age: 5 }, content: right },
    ...(stateKey !== undefined && { state_key: stateKey(known) }),
    // Up to room version 10 it stands beside the content.
    ...(type === 'm.room.redaction' && { redacts: right['redacts'] ?? null }),
  };
}

/** An event that is changed. */
export function mutatedEvent(event: JsonObject, { isInside, changes: done }: Mutation): Json {
  if (!isInside) return changed(event, done);
  return { ...event, content: changed(event['content'] ?? null, done) };
}

/** What a platform does not decide. */
const OF_THE_SERVER: ReadonlySet<string> = new Set(['resourceType', 'id', 'meta']);

/** A resource that is changed. */
export function mutatedResource(resource: JsonObject, { isInside, changes: done }: Mutation): Json {
  if (!isInside) return changed(resource, done);
  const isServers = ([key]: readonly [string, Json]): boolean => OF_THE_SERVER.has(key);
  const own = childrenOf(resource).filter(isServers);
  const inside = changed(objectOf(childrenOf(resource).filter((entry) => !isServers(entry))), done);
  return objectOf([
    ...(Array.isArray(inside) ? [] : childrenOf(inside)).filter((entry) => !isServers(entry)),
    ...own,
  ]);
}
