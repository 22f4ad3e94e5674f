// Something a space or room depends on changed → it is brought up to date, and so is what depends on it in turn.
import type { ClientBase } from 'pg';
import type { FhirReference } from '../../domain/ids.ts';
import type { NewItem } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItems } from '../items/converge.ts';
import type { FlowOutcome } from '../outcome.ts';
import { dependentsOf } from '../people/own-write.ts';
import { convergeRoom, type ConvergedRoom } from './converge-room.ts';

/**
 * Brings the space or room of a resource up to date.
 * @param asked by which cause, such as `CareTeam/1/7`: the ids of what follows are made from it; and whether it fails when
 * a person could not be invited
 */
export async function converge(
  bridge: Bridge,
  reference: FhirReference,
  asked: { readonly cause: string; readonly requireInvites?: boolean },
  signal: AbortSignal,
): Promise<FlowOutcome> {
  const converged = await convergeRoom(bridge, reference, signal, asked.requireInvites);
  return outcomeOf(bridge, converged, asked.cause);
}

/** The same, unless it was done since it was asked for: of many who ask while one is under way, the first is enough. */
export async function convergeUnlessSince(
  bridge: Bridge,
  reference: FhirReference,
  { cause, askedAt }: { readonly cause: string; readonly askedAt: Date },
  signal: AbortSignal,
): Promise<FlowOutcome> {
  if (await bridge.store.rooms.wasConvergedSince(bridge.db, reference, askedAt))
    return { kind: 'ignored', reason: 'done-since' };
  return converge(bridge, reference, { cause }, signal);
}

/** The same for a resource that changed itself: a team stands in other teams, and is a recipient of conversations. */
export async function convergeWithDependents(
  bridge: Bridge,
  reference: FhirReference,
  cause: string,
  signal: AbortSignal,
): Promise<FlowOutcome> {
  const converged = await convergeRoom(bridge, reference, signal);
  // Not in the transaction that holds the lane: a room that stores its dependencies may have to wait for that lane.
  const dependents = await bridge.transact((tx) => dependentsOf(bridge.store, tx, [reference]));
  const others = dependents.filter((dependent) => dependent !== reference);
  return outcomeOf(bridge, converged, cause, convergeItems(others, cause));
}

/** Brings the space or room of a resource up to date, outside the inbox; what is to be done next is stored at once. */
export async function convergeNow(
  bridge: Bridge,
  reference: FhirReference,
  cause: string,
  signal: AbortSignal,
): Promise<void> {
  const converged = await convergeRoom(bridge, reference, signal);
  if (converged === undefined) return;
  await bridge.transact(async (tx) => {
    await bridge.enqueue(tx, await converged.definition.following(bridge, tx, cause));
  });
}

function outcomeOf(
  bridge: Bridge,
  converged: ConvergedRoom | undefined,
  cause: string,
  others: readonly NewItem[] = [],
): FlowOutcome {
  if (converged === undefined) return { kind: 'ignored', reason: 'no-room', next: others };
  const { definition } = converged;
  const next = async (tx: ClientBase): Promise<readonly NewItem[]> => {
    const items = [...(await definition.following(bridge, tx, cause)), ...others];
    return [...new Map(items.map((item) => [`${item.source} ${item.sourceId}`, item])).values()];
  };
  return { kind: 'done', next };
}
