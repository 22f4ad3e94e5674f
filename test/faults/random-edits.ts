// One random edit after the other: a platform writes FHIR, people act in Matrix, each as their own server allows.
import { matrixTelecom } from '../../stack/demo/care-network.ts';
import type { Platform, Resource } from '../../stack/demo/platform.ts';
import type { HumanUser } from '../../stack/synapse.ts';
import { inject } from 'vitest';
import type { BotView } from '../e2e/rooms.ts';

type Mutable = Resource & { readonly id: string } & Record<string, unknown>;
type Content = Readonly<Record<string, unknown>>;

interface World {
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly prefix: string;
  readonly platform: Platform;
  readonly people: readonly string[];
  readonly teams: readonly string[];
  readonly requests: readonly string[];
  readonly users: Readonly<Record<'lead' | 'doctor' | 'spare', HumanUser>>;
  readonly bot: BotView;
}

interface Participant {
  readonly member: { readonly reference: string };
  readonly role?: readonly unknown[];
  readonly period?: { readonly end?: string };
}

/** Creates the edits. What a server refuses (someone who is not in the room, has no power) is no edit. */
export function createRandomEdits(world: World): () => Promise<void> {
  const edits = [...platformEdits(world), ...peoplesEdits(world)];
  return async () => {
    await pick(world, edits)();
  };
}

function platformEdits(world: World): readonly (() => Promise<void>)[] {
  const { random, prefix, platform, people, teams, requests, users } = world;
  const change = async (reference: string, edit: (resource: Mutable) => Mutable): Promise<void> => {
    await platform.put(edit((await platform.read(reference)) as Mutable));
  };
  const changeTeam = (
    edit: (participants: readonly Participant[]) => readonly Participant[],
  ): Promise<void> =>
    change(`CareTeam/${pick(world, teams)}`, (team) => ({
      ...team,
      participant: edit((team['participant'] ?? []) as readonly Participant[]),
    }));
  const isOf = (person: string) => (participant: Participant) => participant.member.reference === person;
  const toggleParticipant = async (): Promise<void> => {
    const person = pick(world, people);
    await changeTeam((participants) =>
      participants.some(isOf(person))
        ? participants.filter((participant) => !isOf(person)(participant))
        : [...participants, { member: { reference: person } }],
    );
  };
  const endParticipation = async (): Promise<void> => {
    const person = pick(world, people);
    await changeTeam((participants) =>
      participants.map((participant) =>
        isOf(person)(participant) ? { ...participant, period: { end: '2024-01-01' } } : participant,
      ),
    );
  };
  const changeRole = async (): Promise<void> => {
    const person = pick(world, people);
    const role = random() < 0.5 ? { role: [{ coding: [{ code: 'primary' }] }] } : {};
    await changeTeam((participants) =>
      participants.map(({ role: _role, ...participant }) =>
        isOf(person)(participant)
          ? { ...participant, ...role }
          : { ...participant, ...(_role && { role: _role }) },
      ),
    );
  };
  const toggleRecipient = async (): Promise<void> => {
    const person = pick(world, people);
    await change(`CommunicationRequest/${pick(world, requests)}`, (request) => {
      const recipients = (request['recipient'] ?? []) as readonly { reference: string }[];
      const others = recipients.filter(({ reference }) => reference !== person);
      return {
        ...request,
        recipient: others.length < recipients.length ? others : [...recipients, { reference: person }],
      };
    });
  };
  return [
    ...[toggleParticipant, toggleParticipant, endParticipation, changeRole, toggleRecipient, toggleRecipient],
    () =>
      change(`CareTeam/${pick(world, teams)}`, (team) => ({
        ...team,
        status: pick(world, ['active', 'active', 'active', 'suspended', 'inactive']),
      })),
    () =>
      change(`CommunicationRequest/${pick(world, requests)}`, (request) => ({
        ...request,
        status: pick(world, ['active', 'active', 'active', 'completed', 'revoked', 'draft']),
      })),
    () =>
      change(`Practitioner/${prefix}ann`, (person) => ({
        ...person,
        name: [{ text: `Nurse ${pick(world, ['Ann', 'Anna', 'Anne'])}` }],
      })),
    () =>
      change(`Practitioner/${prefix}cas`, (person) => ({
        ...person,
        telecom: random() < 0.5 ? [matrixTelecom(users.spare.userId)] : [],
      })),
  ];
}

function peoplesEdits(world: World): readonly (() => Promise<void>)[] {
  const { random, teams, requests, users, bot } = world;
  const { serverName } = inject('stack').synapse;
  const anyone = (): HumanUser => pick(world, Object.values(users));
  const anyRoom = (): Promise<string | undefined> =>
    bot.find(
      random() < 0.5
        ? `#careteam/${pick(world, teams)}:${serverName}`
        : `#communicationrequest/${pick(world, requests)}:${serverName}`,
    );
  const inRoom = (act: (path: string) => Promise<void>) => async (): Promise<void> => {
    const roomId = await anyRoom();
    if (roomId !== undefined) await act(`rooms/${encodeURIComponent(roomId)}`);
  };
  const accept = async (): Promise<void> => {
    for (const user of Object.values(users)) {
      for (const id of [...teams, ...requests]) {
        const type = teams.includes(id) ? 'careteam' : 'communicationrequest';
        await act(user, 'POST', `join/${encodeURIComponent(`#${type}/${id}:${serverName}`)}`, {});
      }
    }
  };
  const kick = inRoom(async (room) => {
    const userId = pick(world, [users.doctor.userId, users.spare.userId]);
    await act(users.lead, 'POST', `${room}/kick`, { user_id: userId });
  });
  const empower = inRoom(async (room) => {
    const { body } = await bot.ask('GET', `${room}/state/m.room.power_levels`);
    const { users: levels = {} } = body as { users?: Record<string, number> };
    const content = { ...body, users: { ...levels, [users.spare.userId]: 75 } };
    await act(users.lead, 'PUT', `${room}/state/m.room.power_levels`, content);
  });
  const put = (type: string, content: () => Content): (() => Promise<void>) =>
    inRoom(async (room) => {
      await act(anyone(), 'PUT', `${room}/state/${type}`, content());
    });
  return [
    ...[accept, accept, accept, accept, kick, empower],
    ...[1, 2].map(() =>
      inRoom(async (room) => {
        await act(anyone(), 'POST', `${room}/leave`, {});
      }),
    ),
    inRoom(async (room) => {
      await act(users.lead, 'POST', `${room}/invite`, { user_id: users.spare.userId });
    }),
    put('m.room.name', () => ({ name: `Renamed ${String(Math.floor(random() * 1000))}` })),
    put('m.room.topic', () => ({ topic: 'Another topic' })),
    put('m.room.join_rules', () => ({ join_rule: 'public' })),
    async () => {
      const space = await bot.find(`#careteam/${pick(world, teams)}:${serverName}`);
      const room = await bot.find(`#communicationrequest/${pick(world, requests)}:${serverName}`);
      if (space === undefined || room === undefined) return;
      const path = ['rooms', space, 'state', 'm.space.child', room].map(encodeURIComponent).join('/');
      await act(users.lead, 'PUT', path, {});
    },
  ];
}

/** Acts as a person; the homeserver may refuse. */
async function act(user: HumanUser, method: string, path: string, body: Content): Promise<void> {
  await fetch(`${inject('stack').synapse.url}/_matrix/client/v3/${path}`, {
    method,
    headers: { authorization: `Bearer ${user.accessToken}` },
    body: JSON.stringify(body),
  });
}

function pick<T>({ random }: Pick<World, 'random'>, choices: readonly T[]): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new RangeError('Nothing to pick from');
  return choice;
}
