// Random edits by people in Matrix: what their client asks for, as far as their homeserver allows it.
import { inject } from 'vitest';
import type { HumanUser } from '../../stack/synapse.ts';
import { ghostOf } from '../e2e/rooms.ts';
import type { Edit, World } from './random-edits.ts';
import { pick } from './random-edits.ts';

type Content = Readonly<Record<string, unknown>>;
type InRoom = (act: (path: string, roomId: string) => Promise<void>) => () => Promise<void>;

/** Rooms of their own that people make. */
const MOST_OWN_ROOMS = 3;

/** The edits that people make in rooms. */
export function roomEdits(world: World): readonly Edit[] {
  const { serverName } = inject('stack').synapse;
  const own: string[] = [];
  const aliases = {
    spaces: world.teams.map((id) => `#careteam/${id}:${serverName}`),
    rooms: world.requests.map((id) => `#communicationrequest/${id}:${serverName}`),
  };
  const anyRoom = async (): Promise<string | undefined> =>
    own.length > 0 && world.random() < 0.2
      ? pick(world, own)
      : world.bot.find(pick(world, world.random() < 0.5 ? aliases.spaces : aliases.rooms));
  const inRoom: InRoom = (act) => async () => {
    const roomId = await anyRoom();
    if (roomId !== undefined) await act(`rooms/${encodeURIComponent(roomId)}`, roomId);
  };
  const anySpace = (): Promise<string | undefined> => world.bot.find(pick(world, aliases.spaces));
  return [
    ...memberEdits(world, inRoom, aliases),
    ...stateEdits(world, inRoom),
    ...linkEdits(world, { anyRoom, anySpace }),
    ...ownRoomEdits(world, { own, anySpace }),
  ];
}

function memberEdits(
  world: World,
  inRoom: InRoom,
  aliases: { readonly spaces: readonly string[]; readonly rooms: readonly string[] },
): readonly Edit[] {
  const { users, people, guests } = world;
  const anyone = (): HumanUser => pick(world, Object.values(users));
  const others = (): string => pick(world, [users.doctor, users.spare, users.extra]).userId;
  const ghost = (): string => ghostOf(pick(world, people.slice(2)));
  const byLead = (what: string, whom: () => string) =>
    inRoom(async (room) => {
      await act(users.lead, 'POST', `${room}/${what}`, { user_id: whom() });
    });
  const acceptAll = async (): Promise<void> => {
    for (const user of Object.values(users)) {
      for (const alias of [...aliases.spaces, ...aliases.rooms])
        await act(user, 'POST', `join/${encodeURIComponent(alias)}`, {});
    }
  };
  const leave = inRoom(async (room) => {
    await act(anyone(), 'POST', `${room}/leave`, {});
  });
  const inviteGhost = inRoom(async (room, roomId) => {
    const user_id = ghostOf(pick(world, people.slice(2)));
    guests.add(`${roomId} ${user_id}`);
    await act(users.lead, 'POST', `${room}/invite`, { user_id });
  });
  return [
    { kind: 'all accept', weight: 5, make: acceptAll },
    { kind: 'leave', weight: 4, make: leave },
    { kind: 'remove a user', weight: 2, make: byLead('kick', others) },
    { kind: 'remove a ghost', weight: 1, make: byLead('kick', ghost) },
    { kind: 'ban', weight: 1, make: byLead('ban', others) },
    { kind: 'unban', weight: 2, make: byLead('unban', others) },
    { kind: 'invite a user', weight: 2, make: byLead('invite', others) },
    { kind: 'invite a ghost', weight: 2, make: inviteGhost },
  ];
}

function stateEdits(world: World, inRoom: InRoom): readonly Edit[] {
  const { random, users, bot } = world;
  const anyone = (): HumanUser => pick(world, Object.values(users));
  const put = (type: string, content: () => Content): (() => Promise<void>) =>
    inRoom(async (room) => {
      await act(anyone(), 'PUT', `${room}/state/${type}`, content());
    });
  const alterLevels = (alter: (levels: Content) => Content): (() => Promise<void>) =>
    inRoom(async (room) => {
      const { status, body } = await bot.ask('GET', `${room}/state/m.room.power_levels`);
      if (status === 200) await act(users.lead, 'PUT', `${room}/state/m.room.power_levels`, alter(body));
    });
  const levelsOf = (levels: Content): Content => (levels['users'] ?? {}) as Content;
  return [
    { kind: 'name', weight: 1, make: put('m.room.name', () => ({ name: `Renamed ${String(random())}` })) },
    { kind: 'topic', weight: 1, make: put('m.room.topic', () => ({ topic: 'Another topic' })) },
    { kind: 'join rules', weight: 1, make: put('m.room.join_rules', () => ({ join_rule: 'public' })) },
    {
      kind: 'history visibility',
      weight: 1,
      make: put('m.room.history_visibility', () => ({ history_visibility: 'joined' })),
    },
    { kind: 'canonical alias', weight: 1, make: put('m.room.canonical_alias', () => ({})) },
    {
      kind: 'level of a user',
      weight: 1,
      make: alterLevels((levels) => ({
        ...levels,
        users: { ...levelsOf(levels), [users.spare.userId]: 75 },
      })),
    },
    {
      kind: 'levels of events',
      weight: 1,
      make: alterLevels((levels) => ({ ...levels, events_default: 0, invite: 0 })),
    },
    {
      kind: 'own level',
      weight: 1,
      make: alterLevels((levels) => ({ ...levels, users: { ...levelsOf(levels), [users.lead.userId]: 50 } })),
    },
    {
      kind: 'message',
      weight: 1,
      make: inRoom(async (room) => {
        const body = { msgtype: 'm.text', body: 'Of a client' };
        await act(anyone(), 'PUT', `${room}/send/m.room.message/${String(random())}`, body);
      }),
    },
  ];
}

type Found = () => Promise<string | undefined>;

function linkEdits(
  world: World,
  { anyRoom, anySpace }: { readonly anyRoom: Found; readonly anySpace: Found },
): readonly Edit[] {
  const { users, random } = world;
  const { serverName } = inject('stack').synapse;
  const link = async (from: Found, to: Found, type: string): Promise<void> => {
    const [source, target] = [await from(), await to()];
    if (source === undefined || target === undefined || source === target) return;
    const content = random() < 0.5 ? {} : { via: [serverName] };
    await act(users.lead, 'PUT', statePath(source, type, target), content);
  };
  return [
    { kind: 'child of a space', weight: 2, make: () => link(anySpace, anyRoom, 'm.space.child') },
    { kind: 'parent of a room', weight: 1, make: () => link(anyRoom, anySpace, 'm.space.parent') },
  ];
}

/** Rooms that people make, list in a space, and upgrade. */
function ownRoomEdits(
  world: World,
  { own, anySpace }: { readonly own: string[]; readonly anySpace: Found },
): readonly Edit[] {
  const { random, users, bot } = world;
  const { serverName } = inject('stack').synapse;
  const maker = users.lead;
  const list = async (roomId: string, content: Content): Promise<void> => {
    const space = await anySpace();
    if (space !== undefined) await act(maker, 'PUT', statePath(space, 'm.space.child', roomId), content);
  };
  const make = async (): Promise<void> => {
    const space = await anySpace();
    if (space === undefined || own.length >= MOST_OWN_ROOMS) return;
    const allow = [{ type: 'm.room_membership', room_id: space }];
    const version = pick(world, ['11', '12']);
    const levels = { [bot.userId]: pick(world, [50, 100]), ...(version === '11' && { [maker.userId]: 100 }) };
    const made = await act(maker, 'POST', 'createRoom', {
      ...{ name: 'Made by a user', room_version: version },
      invite: [users.doctor.userId, ...(random() < 0.5 ? [bot.userId] : [])],
      initial_state: [
        { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'restricted', allow } },
      ],
      ...(random() < 0.7 && { power_level_content_override: { users: levels } }),
    });
    const roomId = made['room_id'];
    if (typeof roomId !== 'string') return;
    own.push(roomId);
    await act(maker, 'PUT', statePath(space, 'm.space.child', roomId), { via: [serverName] });
  };
  const upgrade = async (): Promise<void> => {
    if (own.length === 0) return;
    const index = Math.floor(random() * own.length);
    const path = `rooms/${encodeURIComponent(own[index] ?? '')}/upgrade`;
    const { replacement_room: replacement } = await act(maker, 'POST', path, { new_version: '11' });
    if (typeof replacement !== 'string') return;
    own[index] = replacement;
    if (random() < 0.7)
      await act(maker, 'POST', `rooms/${encodeURIComponent(replacement)}/invite`, { user_id: bot.userId });
  };
  const relist = async (): Promise<void> => {
    if (own.length > 0) await list(pick(world, own), random() < 0.5 ? {} : { via: [serverName] });
  };
  return [
    { kind: 'own room: made', weight: 1, make },
    { kind: 'own room: listed or not', weight: 2, make: relist },
    { kind: 'own room: upgraded', weight: 1, make: upgrade },
  ];
}

function statePath(roomId: string, type: string, stateKey: string): string {
  return ['rooms', roomId, 'state', type, stateKey].map(encodeURIComponent).join('/');
}

/** Acts as a person; the homeserver may refuse. */
async function act(user: HumanUser, method: string, path: string, body: Content): Promise<Content> {
  const answer = await fetch(`${inject('stack').synapse.url}/_matrix/client/v3/${path}`, {
    method,
    headers: { authorization: `Bearer ${user.accessToken}` },
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Content;
}
