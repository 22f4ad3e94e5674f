// Random rooms and random wishes for them, and their convergence on a homeserver that refuses what Matrix refuses.
import fc from 'fast-check';
import type { MatrixUserId } from '../../src/domain/ids.ts';
import type { DesiredMember, DesiredRoom } from '../../src/mapping/desired-room.ts';
import type { ActualState, Comparison, RoomChange } from '../../src/mapping/room-changes.ts';
import { changesToRoom, memberBase } from '../../src/mapping/room-changes.ts';
import { room } from './desired-room.ts';
import { ref } from './fhir.ts';
import { BOT, userId } from './matrix.ts';
import type { Levels, RoomModel } from './room-model.ts';
import { roomModel, SINGLE_LEVELS } from './room-model.ts';

const USERS = ['@a:h', '@b:h', '@c:h', '@d:other', '@e:h'].map(userId);
const GHOSTS = ['1', '2', '3'].map((id) => userId(`@_fhir_${id}:example.org`));
export const MAKER = userId('@maker:h');
export const ACCOUNTS = [...USERS, ...GHOSTS];
export const isOwn = (id: string): boolean => id.startsWith('@_fhir_');

export interface Scene {
  readonly desired: DesiredRoom;
  readonly actual: readonly ActualState[];
  readonly base: ReadonlySet<string>;
  readonly policy: Comparison['policy'];
}

const level = fc.constantFrom(-1, 0, 10, 25, 40, 50, 75, 100, 105, 110, 150);
const accountFrom = (accounts: readonly MatrixUserId[]): fc.Arbitrary<MatrixUserId> =>
  fc.constantFrom(...accounts);

/** Two people may name the same account, and an account may be the former one of several, or of one who has it. */
const desiredMember: fc.Arbitrary<DesiredMember> = accountFrom(ACCOUNTS).chain((id) =>
  fc
    .record({
      level: fc.constantFrom(0, 25, 50, 75, 100),
      formerUserIds: fc.oneof(
        { weight: 2, arbitrary: fc.constant([]) },
        { weight: 1, arbitrary: fc.uniqueArray(accountFrom(ACCOUNTS), { maxLength: 2 }) },
      ),
      relayGhost: isOwn(id) ? fc.constant(undefined) : fc.option(accountFrom(GHOSTS), { nil: undefined }),
      userMapping: fc.constantFrom(undefined, { fhirRef: 'Practitioner/7' }),
    })
    .map((over) => ({
      ...over,
      reference: ref('Practitioner/7'),
      userId: id,
      kind: isOwn(id) ? ('ghost' as const) : ('user' as const),
    })),
);

const desiredRoom = fc
  .record({
    kind: fc.constantFrom('space' as const, 'conversation' as const),
    phase: fc.constantFrom('open' as const, 'open' as const, 'read-only' as const, 'closed' as const),
    title: fc.record({ name: fc.constant('Team'), topic: fc.constantFrom('', 'Topic') }),
    members: fc.array(desiredMember, { maxLength: 5 }),
  })
  .map(room);

const randomLevels: fc.Arbitrary<Levels> = fc.record(
  {
    users: fc.dictionary(accountFrom(ACCOUNTS), level),
    events: fc.dictionary(
      fc.constantFrom(
        ...['m.room.name', 'm.room.topic', 'm.room.message', 'm.room.power_levels', 'm.room.tombstone'],
        ...['m.space.child', 'custom.user_mappings', 'm.other', 'constructor'],
      ),
      level,
    ),
    notifications: fc.dictionary(fc.constantFrom('room', 'other'), level),
    ...Object.fromEntries(Object.keys(SINGLE_LEVELS).map((key) => [key, level])),
    historical: fc.constant(100),
  },
  { requiredKeys: [] },
);

const actualRoom = fc
  .record({
    version: fc.constantFrom('11', '12'),
    maker: fc.constantFrom(BOT, MAKER),
    additional: fc.constantFrom<readonly string[]>([], [], [BOT], ['@a:h']),
    levels: randomLevels,
    isWhole: fc.boolean(),
    botLevel: fc.option(level, { nil: undefined }),
    name: fc.option(fc.constantFrom('Team', 'Renamed'), { nil: undefined }),
    topic: fc.option(fc.constantFrom('', 'Topic', 'Jan'), { nil: undefined }),
    joinRule: fc.constantFrom(undefined, 'invite', 'public', 'knock'),
    memberships: fc.dictionary(
      accountFrom([...ACCOUNTS, userId('@stranger:h')]),
      fc.constantFrom('join', 'join', 'invite', 'leave', 'ban', 'knock'),
    ),
    leftBy: fc.constantFrom('self', 'bot', '@lead:h'),
    mapping: fc.constantFrom<string | undefined>(undefined, 'Practitioner/7', 'Practitioner/8'),
  })
  // As it comes over the wire.
  .map((it) => JSON.parse(JSON.stringify(stateOf(it))) as readonly ActualState[]);

function stateOf(it: {
  version: string;
  maker: MatrixUserId;
  additional: readonly string[];
  levels: Levels;
  isWhole: boolean;
  botLevel: number | undefined;
  name: string | undefined;
  topic: string | undefined;
  joinRule: string | undefined;
  memberships: Record<string, string>;
  leftBy: string;
  mapping: string | undefined;
}): readonly ActualState[] {
  const isV12 = it.version === '12';
  const creators = isV12 ? [it.maker, ...it.additional] : [];
  const users = Object.fromEntries(
    Object.entries({
      ...it.levels.users,
      ...(it.maker === BOT ? {} : { [MAKER]: 100 }),
      ...(it.maker === BOT && !isV12 ? { [BOT]: 110 } : {}),
      ...(it.maker !== BOT && it.botLevel !== undefined ? { [BOT]: it.botLevel } : {}),
    }).filter(([id]) => !creators.includes(id)),
  );
  const event = (
    type: string,
    content: Record<string, unknown>,
    key = '',
    sender: string = MAKER,
  ): ActualState => ({ type, state_key: key, sender, content });
  const optional = (type: string, key: string, value: string | undefined): ActualState[] =>
    value === undefined ? [] : [event(type, { [key]: value })];
  return [
    event(
      'm.room.create',
      { room_version: it.version, ...(isV12 && { additional_creators: it.additional }) },
      '',
      it.maker,
    ),
    // A room of the bot's whose making was cut short has no levels yet.
    ...(it.maker === BOT && !it.isWhole ? [] : [event('m.room.power_levels', { ...it.levels, users })]),
    ...optional('m.room.name', 'name', it.name),
    ...optional('m.room.topic', 'topic', it.topic),
    ...optional('m.room.join_rules', 'join_rule', it.joinRule),
    ...(it.mapping === undefined
      ? []
      : GHOSTS.map((id) => event('custom.user_mappings', { fhirRef: it.mapping }, id, id))),
    ...Object.entries({ [MAKER]: 'join', ...it.memberships }).map(([id, membership]) => {
      const by = it.leftBy === 'self' ? id : it.leftBy === 'bot' ? BOT : it.leftBy;
      const sender = membership === 'join' || membership === 'knock' ? id : membership === 'leave' ? by : BOT;
      return event('m.room.member', { membership }, id, sender);
    }),
    event('m.room.member', { membership: 'join' }, BOT, BOT),
  ];
}

const scenes: fc.Arbitrary<Scene> = fc.record({
  desired: desiredRoom,
  actual: actualRoom,
  base: fc.uniqueArray(accountFrom(ACCOUNTS)).map((ids) => new Set<string>(ids)),
  policy: fc.constantFrom('follow', 'suggest', 'ignore'),
});

export interface Run {
  readonly before: RoomModel;
  readonly after: RoomModel;
  readonly changes: readonly RoomChange[];
  readonly base: ReadonlySet<string>;
}

/** Converges a room on the homeserver; throws when it refuses a step. */
export function converge({ desired, actual, base, policy }: Scene): Run {
  const changes = changesToRoom(desired, actual, { bot: BOT, isOwn, base, policy, madeBy: 'bridge' });
  const after = roomModel(actual, BOT);
  for (const change of changes) after.apply(change);
  const next = new Set<string>(memberBase(desired, actual, { base }).keys());
  return { before: roomModel(actual, BOT), after, changes, base: next };
}

export const again = (scene: Scene, { after, base }: Pick<Run, 'after' | 'base'>): Run =>
  converge({ ...scene, actual: after.state(), base });

/** Checks hundreds of scenes. */
export function holds(check: (scene: Scene, run: Run) => void): void {
  fc.assert(
    fc.property(scenes, (scene) => {
      check(scene, converge(scene));
    }),
    { numRuns: 500 },
  );
}
