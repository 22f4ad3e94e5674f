// Actual rooms for tests, and their comparison with the desired ones.
import type { DesiredRoom } from '../../src/mapping/desired-room.ts';
import { powerLevels } from '../../src/mapping/power-levels.ts';
import type { ActualState, Comparison, RoomChange } from '../../src/mapping/room-changes.ts';
import { changesToRoom } from '../../src/mapping/room-changes.ts';
import { BOT } from './matrix.ts';

/** A state event, by the bot unless said otherwise. */
export const state = (
  type: string,
  content: Record<string, unknown>,
  key = '',
  sender: string = BOT,
): ActualState => ({
  type,
  state_key: key,
  sender,
  content,
});
/** By whom somebody came, or went. */
export const membership = (id: string, is: string, by: string = id): ActualState =>
  state('m.room.member', { membership: is }, id, by);

/** The room that the bot made and brought up to date, with these members in it. */
export function made(desired: DesiredRoom, ...memberships: readonly ActualState[]): readonly ActualState[] {
  return madeAs('12', desired, ...memberships);
}

/** The same room of another version. */
export function madeAs(
  roomVersion: string,
  desired: DesiredRoom,
  ...memberships: readonly ActualState[]
): readonly ActualState[] {
  const { members } = desired;
  return [
    state('m.room.create', { room_version: roomVersion }),
    state('m.room.power_levels', { ...powerLevels(desired, { roomVersion, bot: BOT, people: members }) }),
    ...desired.state.map(({ type, state_key: key, content }) => state(type, { ...content }, key)),
    membership(BOT, 'join'),
    ...memberships,
  ];
}

/** With one event in place of what was there. */
export const replaced = (actual: readonly ActualState[], event: ActualState): readonly ActualState[] => [
  ...actual.filter(({ type, state_key: key }) => type !== event.type || key !== event.state_key),
  event,
];

/** The changes, where nothing was agreed on before and FHIR follows, unless said otherwise. */
export const changes = (
  desired: DesiredRoom,
  actual: readonly ActualState[],
  {
    base = [],
    policy = 'follow',
    madeBy = 'bridge',
  }: { base?: readonly string[] } & Partial<Pick<Comparison, 'policy' | 'madeBy'>> = {},
): readonly RoomChange[] =>
  changesToRoom(desired, actual, {
    bot: BOT,
    isOwn: (id) => id.startsWith('@_fhir_'),
    base: new Set(base),
    policy,
    madeBy,
  });

/** What kinds of changes they are, and whom they concern. */
export const kinds = (...args: Parameters<typeof changes>): string[] =>
  changes(...args).map((change) => ('userId' in change ? `${change.kind} ${change.userId}` : change.kind));
