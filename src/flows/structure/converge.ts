// Something a space or room depends on changed → it is brought up to date, and so is what depends on it in turn.
import type { FhirReference } from '../../domain/ids.ts';
import { typeOf } from '../../domain/ids.ts';
import type { ClientBase } from 'pg';
import type { NewItem, Outcome, RecordEffect } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { careTeamToSpace } from './care-team-to-space.ts';
import { convergeItem } from '../items/converge.ts';
import { dependentsOf } from '../people/dependents.ts';
import { requestToRoom } from './request-to-room.ts';

/** How a convergence ended. */
export interface Converged {
  /** Whether there is a room; none where none is wanted, or the resource is gone. */
  readonly hasRoom: boolean;
  /** What is to be done next. */
  readonly next: readonly NewItem[];
  /** What waited for it, and goes on with the next items. */
  readonly released?: (tx: ClientBase) => Promise<readonly NewItem[]>;
}

/** What asks for a convergence. */
export interface Asked {
  /** Such as `CareTeam/1/7`: the ids of what follows are made from it. */
  readonly cause: string;
  /** Whether it fails when somebody could not be invited. */
  readonly insist?: boolean;
}

/** Brings the space or room of a resource up to date. */
export async function converge(
  bridge: Bridge,
  reference: FhirReference,
  asked: Asked,
  signal: AbortSignal,
): Promise<Outcome> {
  const converged = await convergeOne(bridge, reference, asked, signal);
  return outcomeOf(bridge, converged, []);
}

/** The same, unless it was done since it was asked for: of many who ask while one is under way, the first is enough. */
export async function convergeUnlessSince(
  bridge: Bridge,
  reference: FhirReference,
  { cause, askedAt }: { readonly cause: string; readonly askedAt: Date },
  signal: AbortSignal,
): Promise<Outcome> {
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
): Promise<Outcome> {
  const converged = await convergeOne(bridge, reference, { cause }, signal);
  const dependents = await bridge.transact((tx) => dependentsOf(bridge.store, tx, [reference]));
  const others = dependents.filter((dependent) => dependent !== reference);
  return outcomeOf(
    bridge,
    converged,
    others.map((other) => convergeItem(other, cause)),
  );
}

/** Brings the space or room of a resource up to date, outside the inbox; what is to be done next is stored at once. */
export async function convergeNow(
  bridge: Bridge,
  reference: FhirReference,
  cause: string,
  signal: AbortSignal,
): Promise<void> {
  const { next, released } = await convergeOne(bridge, reference, { cause }, signal);
  if (next.length === 0 && released === undefined) return;
  await bridge.transact(async (tx) => {
    await bridge.enqueue(tx, [...next, ...((await released?.(tx)) ?? [])]);
  });
}

function convergeOne(
  bridge: Bridge,
  reference: FhirReference,
  asked: Asked,
  signal: AbortSignal,
): Promise<Converged> {
  return typeOf(reference) === 'CareTeam'
    ? careTeamToSpace(bridge, reference, asked, signal)
    : requestToRoom(bridge, reference, asked, signal);
}

function outcomeOf(bridge: Bridge, converged: Converged, others: readonly NewItem[]): Outcome {
  const record: RecordEffect = async (tx) => {
    const released = (await converged.released?.(tx)) ?? [];
    await bridge.enqueue(tx, unique([...converged.next, ...others, ...released]));
  };
  return converged.hasRoom ? { kind: 'done', record } : { kind: 'ignored', reason: 'no-room', record };
}

function unique(items: readonly NewItem[]): readonly NewItem[] {
  return [...new Map(items.map((item) => [`${item.source} ${item.sourceId}`, item])).values()];
}
