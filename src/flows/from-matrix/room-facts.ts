// Who came into a room or left it, whose level is another, and by whose hand: for the audit trail, whatever becomes of it in FHIR.
// The room's own events tell it, of the bridge's changes too: each comes once, also where a process ends right after a change.
import { z } from 'zod';
import type { Agent, Fact, FactSubject } from '../../domain/facts.ts';
import { versionOf } from '../../domain/fhir.ts';
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import { levelIn, levelsChanged, type Levels } from '../../mapping/level-changes.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import { personOf, type Recognising } from '../people/who-is.ts';
import type { StateChange } from './state-change.ts';

type Deps = Recognising;
type Facts = Promise<readonly Fact[]>;

/** A room's resource, in its version where that is known, and whom it is about. */
export interface RoomOfFacts {
  readonly on: FactSubject;
  readonly subject: FhirReference | undefined;
}

const contentSchema = z.record(z.string(), z.unknown());
const eventSchema = z.object({
  content: contentSchema,
  // https://spec.matrix.org/v1.19/client-server-api/#room-event-format
  unsigned: z.object({ prev_content: contentSchema.optional() }).optional(),
});

/** The facts of a state event of a bridged room, if there are any. */
export async function factsOfState(
  deps: Deps,
  event: StateChange,
  room: RoomOfFacts,
  signal: AbortSignal,
): Facts {
  switch (event.type) {
    case 'm.room.member':
      return withLevels(deps, event, await factsOfMembership(deps, event, room, signal), signal);
    case 'm.room.power_levels':
      return factsOfLevels(deps, event, room, signal);
    default:
      return [];
  }
}

/** The fact of a membership event, if there is one: a change of name is none, and neither is an invitation. */
export async function factsOfMembership(
  deps: Deps,
  event: StateChange,
  room: RoomOfFacts,
  signal: AbortSignal,
): Promise<readonly Extract<Fact, { kind: 'joined' | 'left' }>[]> {
  const { settings } = deps;
  const kind = kindOf(event);
  if (kind === undefined || event.state_key === settings.bot) return [];
  const member = await agentOf(deps, event.state_key as MatrixUserId, room, signal);
  const common = await commonOf(deps, event, room, signal);
  return [{ kind, ...common, member }];
}

function kindOf(event: StateChange): 'joined' | 'left' | undefined {
  const read = eventSchema.safeParse(event).data;
  const now = read?.content['membership'];
  const before = read?.unsigned?.prev_content?.['membership'];
  if (now === 'join') return before === 'join' ? undefined : 'joined';
  const wasThere = before === undefined || before === 'join' || before === 'invite';
  return (now === 'leave' || now === 'ban') && wasThere ? 'left' : undefined;
}

/** Who joins has a level from then on. */
async function withLevels(
  { homeserver, settings }: Pick<Bridge, 'homeserver' | 'settings'>,
  event: StateChange,
  facts: Awaited<ReturnType<typeof factsOfMembership>>,
  signal: AbortSignal,
): Facts {
  if (!facts.some(({ kind }) => kind === 'joined')) return facts;
  const key = { type: 'm.room.power_levels', state_key: '' };
  const levels = await homeserver.stateEvent(settings.bot, event.room_id, key, signal).catch(unlessLetIn);
  const level = levels && levelIn(levels, event.state_key);
  return facts.map((fact): Fact => (fact.kind === 'joined' ? { ...fact, level } : fact));
}

/** Where the bot was put out of the room, that someone joined is told all the same. */
function unlessLetIn(error: unknown): undefined {
  if (!(error instanceof BridgeError) || error.code !== 'matrix-refused') throw error;
}

/**
 * The levels that are others for the people of the room. The first levels of a room are no change: who joins is told with theirs.
 */
async function factsOfLevels(deps: Deps, event: StateChange, room: RoomOfFacts, signal: AbortSignal): Facts {
  const read = eventSchema.safeParse(event).data;
  const before: Levels | undefined = read?.unsigned?.prev_content;
  if (read === undefined || before === undefined) return [];
  const { base } = await deps.store.roomMembers.readMembers(deps.db, room.on.reference);
  const changes = levelsChanged(read.content, before).filter(({ userId }) => base.has(userId));
  if (changes.length === 0) return [];
  const common = await commonOf(deps, event, room, signal);
  return Promise.all(
    changes.map(async ({ userId, level, formerLevel }): Promise<Fact> => {
      const member = await agentOf(deps, userId, room, signal);
      return { kind: 'level-changed', ...common, member, level, formerLevel };
    }),
  );
}

async function agentOf(
  deps: Deps,
  userId: MatrixUserId,
  { on: { reference } }: Pick<RoomOfFacts, 'on'>,
  signal: AbortSignal,
): Promise<Agent> {
  return { userId, person: await personOf(deps, userId, reference, signal) };
}

/** What the bridge does is no one's own doing, but FHIR's. */
async function commonOf(deps: Deps, event: StateChange, { on, subject }: RoomOfFacts, signal: AbortSignal) {
  return {
    by: isOwnUser(deps.settings, event.sender) ? {} : await agentOf(deps, event.sender, { on }, signal),
    on: on.versionId === undefined ? await asItIs(deps, on, signal) : on,
    ...{ subject, roomId: event.room_id, at: event.origin_server_ts },
  };
}

/** The resource in the version that it has now. */
async function asItIs({ fhir }: Deps, { reference }: FactSubject, signal: AbortSignal): Promise<FactSubject> {
  const resource = await fhir.read(reference, signal);
  return { reference, versionId: resource && versionOf(resource).versionId };
}
