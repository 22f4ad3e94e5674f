// Random edits by a platform: it writes FHIR, as its own server allows.
import { TEAM_ROLE_SYSTEM } from '../../src/domain/fhir.ts';
import { matrixTelecom } from '../../stack/demo/care-network.ts';
import type { Platform, Resource } from '../../stack/demo/platform.ts';
import type { HumanUser } from '../../stack/synapse.ts';
import type { BotView } from '../e2e/rooms.ts';
import { roomEdits } from './random-edits-in-rooms.ts';

type Mutable = Resource & { readonly id: string } & Record<string, unknown>;

/** The accounts: those of the lead and the doctor stay theirs, the others go from person to person. */
export type UserName = 'lead' | 'doctor' | 'spare' | 'extra';

/** Where edits are made. */
export interface World {
  /** From 0 up to 1. */
  readonly random: () => number;
  readonly prefix: string;
  readonly platform: Platform;
  /** Practitioners; those after the first two have an account now and then. */
  readonly people: readonly string[];
  /** Of the client; then one of an organisation, which has no patient. */
  readonly teams: readonly string[];
  readonly requests: readonly string[];
  readonly users: Readonly<Record<UserName, HumanUser>>;
  readonly bot: BotView;
  /** Ghosts that a user invited, as `room ghost`: they may stand there as invited without FHIR naming them. */
  readonly guests: Set<string>;
  /** Runs a command of the bridge's command line. */
  readonly command: (...args: readonly string[]) => Promise<unknown>;
}

/** A kind of edit, by a name that tells nothing of anybody, and how often it comes. */
export interface Edit {
  readonly kind: string;
  readonly weight: number;
  readonly make: () => Promise<void>;
}

interface Participant {
  readonly member: { readonly reference: string };
  readonly role?: readonly unknown[] | undefined;
  readonly period?: { readonly end?: string };
}
interface Reference {
  readonly reference: string;
}

/** Creates the edits; each call makes one and tells its kind. What a server refuses (no power, not in the room) is no edit. */
export function createRandomEdits(world: World): () => Promise<string> {
  const edits = [...teamEdits(world), ...requestEdits(world), ...personEdits(world), ...roomEdits(world)];
  const deck = edits.flatMap((edit) => Array.from({ length: edit.weight }, () => edit));
  return async () => {
    const { kind, make } = pick(world, deck);
    await make();
    return kind;
  };
}

/** One of these, by chance. */
export function pick<T>({ random }: Pick<World, 'random'>, choices: readonly T[]): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new RangeError('Nothing to pick from');
  return choice;
}

/** The resources' ids that are no person's. */
export const organizations = (prefix: string): readonly string[] => [
  `Organization/${prefix}practice`,
  `Organization/${prefix}clinic`,
];
export const roles = (prefix: string): readonly string[] => [
  `PractitionerRole/${prefix}ann-role`,
  `PractitionerRole/${prefix}doctor-role`,
];

/** Once more where the server finds that somebody else is writing at the same moment (409). */
async function change(
  world: World,
  reference: string,
  edit: (resource: Mutable) => Mutable,
  attempts = 5,
): Promise<void> {
  const { platform } = world;
  try {
    await platform.put(edit((await platform.read(reference)) as Mutable));
  } catch (error) {
    if (attempts === 1 || !String(error).includes(': 409 ')) throw error;
    await change(world, reference, edit, attempts - 1);
  }
}

/** One more if it is not there, one less if it is. */
function toggled(list: unknown, reference: string): readonly Reference[] | undefined {
  const all = (list ?? []) as readonly Reference[];
  const others = all.filter((each) => each.reference !== reference);
  const result = others.length < all.length ? others : [...all, { reference }];
  return result.length === 0 ? undefined : result; // FHIR has no empty lists
}

function teamEdits(world: World): readonly Edit[] {
  const { random, prefix, people, teams } = world;
  const isOf = (person: string) => (participant: Participant) => participant.member.reference === person;
  const edit = (alter: (participants: readonly Participant[]) => readonly Participant[]): Promise<void> =>
    change(world, `CareTeam/${pick(world, teams)}`, (team) => ({
      ...team,
      participant: alter((team['participant'] ?? []) as readonly Participant[]),
    }));
  const toggle = (member: string): Promise<void> =>
    edit((participants) =>
      participants.some(isOf(member))
        ? participants.filter((participant) => !isOf(member)(participant))
        : [...participants, { member: { reference: member } }],
    );
  const alterOne = (alter: (participant: Participant) => Participant): Promise<void> => {
    const isTheirs = isOf(pick(world, people));
    return edit((participants) => participants.map((each) => (isTheirs(each) ? alter(each) : each)));
  };
  return [
    { kind: 'team: person', weight: 4, make: () => toggle(pick(world, people)) },
    { kind: 'team: role as member', weight: 2, make: () => toggle(pick(world, roles(prefix))) },
    { kind: 'team: organisation', weight: 2, make: () => toggle(pick(world, organizations(prefix))) },
    { kind: 'team: team within', weight: 2, make: () => toggle(`CareTeam/${pick(world, teams)}`) },
    {
      kind: 'team: participation ends',
      weight: 2,
      make: () => alterOne((participant) => ({ ...participant, period: { end: '2024-01-01' } })),
    },
    {
      kind: 'team: role code',
      weight: 2,
      make: () =>
        alterOne((participant) => ({
          ...participant,
          role: random() < 0.5 ? [{ coding: [{ system: TEAM_ROLE_SYSTEM, code: 'primary' }] }] : undefined,
        })),
    },
    {
      kind: 'team: status',
      weight: 3,
      make: () =>
        change(world, `CareTeam/${pick(world, teams)}`, (team) => ({
          ...team,
          status: pick(world, [
            ...['active', 'active', 'active', 'active'],
            ...['proposed', 'suspended', 'inactive', 'entered-in-error'],
          ]),
        })),
    },
    {
      kind: 'team: subject',
      weight: 2,
      make: () =>
        change(world, `CareTeam/${pick(world, teams.slice(0, 2))}`, (team) => ({
          ...team,
          subject: { reference: `Patient/${prefix}${pick(world, ['client', 'client', 'other'])}` },
        })),
    },
  ];
}

function requestEdits(world: World): readonly Edit[] {
  const { prefix, platform, people, teams, requests } = world;
  const edit = (alter: (request: Mutable) => Mutable): Promise<void> =>
    change(world, `CommunicationRequest/${pick(world, requests)}`, alter);
  const toggle = (element: 'recipient' | 'about', reference: string): Promise<void> =>
    edit((request) => ({ ...request, [element]: toggled(request[element], reference) }));
  return [
    { kind: 'request: person', weight: 4, make: () => toggle('recipient', pick(world, people)) },
    { kind: 'request: team', weight: 3, make: () => toggle('recipient', `CareTeam/${pick(world, teams)}`) },
    { kind: 'request: role', weight: 1, make: () => toggle('recipient', pick(world, roles(prefix))) },
    {
      kind: 'request: organisation',
      weight: 1,
      make: () => toggle('recipient', pick(world, organizations(prefix))),
    },
    { kind: 'request: about', weight: 2, make: () => toggle('about', `CareTeam/${pick(world, teams)}`) },
    {
      kind: 'request: status',
      weight: 4,
      make: () =>
        edit((request) => ({
          ...request,
          status: pick(world, [
            ...['active', 'active', 'active', 'active', 'active'],
            ...['completed', 'revoked', 'draft', 'on-hold', 'entered-in-error'],
          ]),
        })),
    },
    {
      kind: 'request: subject',
      weight: 1,
      make: () =>
        edit((request) => ({
          ...request,
          subject: { reference: `Patient/${prefix}${pick(world, ['client', 'client', 'other'])}` },
        })),
    },
    {
      kind: 'message of a platform',
      weight: 2,
      make: async () => {
        const sender = pick(world, [...people, `RelatedPerson/${prefix}daughter`]);
        const request = pick(world, requests);
        await platform.post({
          ...{ resourceType: 'Communication', status: 'completed' },
          partOf: [{ reference: `CommunicationRequest/${request}` }],
          sender: { reference: sender },
          payload: [{ contentString: 'Of a platform' }],
        });
      },
    },
  ];
}

function personEdits(world: World): readonly Edit[] {
  const { random, prefix, users, command } = world;
  const restless = world.people.slice(2);
  const accounts = [users.spare.userId, users.extra.userId];
  const alterRole = (alter: (role: Mutable) => Mutable): Promise<void> =>
    change(world, pick(world, roles(prefix)), alter);
  return [
    {
      kind: 'person: name',
      weight: 1,
      make: () =>
        change(world, pick(world, restless), (person) => ({
          ...person,
          name: [{ text: `Nurse ${pick(world, ['Ann', 'Anna', 'Anne'])}` }],
        })),
    },
    {
      kind: 'person: address',
      weight: 4,
      make: () =>
        change(world, pick(world, restless), (person) => ({
          ...person,
          telecom: pick(world, [[], ...accounts.map((account) => [matrixTelecom(account)])]),
        })),
    },
    {
      kind: 'person: linked',
      weight: 1,
      make: async () => {
        await command('person', 'link', pick(world, restless), pick(world, accounts));
      },
    },
    {
      kind: 'person: unlinked',
      weight: 1,
      make: async () => {
        await command('person', 'unlink', pick(world, restless));
      },
    },
    {
      kind: 'role: active or not',
      weight: 1,
      make: () => alterRole((role) => ({ ...role, active: random() < 0.7 })),
    },
    {
      kind: 'role: ends or not',
      weight: 1,
      make: () =>
        alterRole((role) => ({ ...role, period: random() < 0.3 ? { end: '2024-01-01' } : undefined })),
    },
    {
      kind: 'role: organisation',
      weight: 1,
      make: () =>
        alterRole((role) => ({ ...role, organization: { reference: pick(world, organizations(prefix)) } })),
    },
    {
      kind: 'role: practitioner',
      weight: 1,
      make: () => alterRole((role) => ({ ...role, practitioner: { reference: pick(world, restless) } })),
    },
  ];
}
