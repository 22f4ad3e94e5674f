// The keys of `matrix` about spaces and rooms: what people see of them, their aliases, and who may come in.
import { z } from 'zod';
import { flag } from './fields.ts';

/** The templates of aliases by default: the form of the September 2025 guide. */
export const DEFAULT_ALIASES = {
  spaceAlias: 'careteam/{id}',
  conversationAlias: 'communicationrequest/{id}',
} as const;

/** A name or topic of rooms; a template with a variable that could carry patient data is refused. */
const template = (variables: readonly string[], max = 100): z.ZodString =>
  z
    .string()
    .max(max)
    .refine(
      (given) => [...given.matchAll(/\{([^}]*)\}?/g)].every(([, name]) => variables.includes(name ?? '')),
      `expected no variable${variables.length === 0 ? '' : ` but ${variables.map((name) => `{${name}}`).join(', ')}`}: names and topics carry no patient data`,
    );

const neutralTemplate = (
  description: string,
  { fallback, variables, max }: { fallback: string; variables: readonly string[]; max?: number },
): z.ZodDefault<z.ZodString> => template(variables, max).default(fallback).meta({ description });

/** The same, by default in the language of the bridge: `mapping/language/` has those. */
const spokenTemplate = (description: string, variables: readonly string[]): z.ZodOptional<z.ZodString> =>
  template(variables).optional().meta({ description });

/** Fixed text must come first: it keeps the aliases of spaces, of rooms and of other users apart. */
const aliasTemplate = (description: string, fallback: string): z.ZodDefault<z.ZodString> =>
  z
    .string()
    .max(100)
    .regex(
      /^(opaque|[A-Za-z0-9._=/+-]+\{id\})$/,
      'expected opaque, or an alias localpart that ends with {id}',
    )
    .default(fallback)
    .meta({ description });

const timeZone = z
  .string()
  .refine(isTimeZone, 'expected a time zone such as Europe/Amsterdam')
  .default('Europe/Amsterdam')
  .meta({ description: 'The time zone of {date} and {time} in names.' });

/** The keys. */
export const roomKeys = {
  roomVersion: z
    .string()
    .regex(/^\S{1,32}$/, 'expected default, or a room version such as 11')
    .default('default')
    .meta({
      description:
        'Version of new rooms: default is what the homeserver announces as its default; else a version such as 11.',
    }),
  spaceName: spokenTemplate(
    'Name of a care team’s space: {number}, {professionals}, {organization} and {date} of the team. By default, in messages.language, Zorgteam {number} · {professionals} or Care team {number} · {professionals}.',
    ['number', 'professionals', 'organization', 'date'],
  ),
  organizationSpaceName: neutralTemplate(
    'Name of the space of a team without a patient; {name} is the CareTeam’s name: only where it never names a patient.',
    {
      fallback: 'Team {number} · {organization}',
      variables: ['number', 'professionals', 'organization', 'date', 'name'],
    },
  ),
  conversationName: spokenTemplate(
    'Name of a conversation’s room: {number} of the room, {team} the number of its team’s space, {date} and {time} of the request, {subject} its subject line (conversationSubject), {professionals}, {organization}. By default Gesprek {number} · team {team} · {date} {time} or Conversation {number} · team {team} · {date} {time}.',
    ['number', 'team', 'date', 'time', 'subject', 'professionals', 'organization'],
  ),
  timeZone,
  spaceTopic: neutralTemplate('Topic of a care team’s space.', { fallback: '', variables: [], max: 250 }),
  conversationTopic: neutralTemplate('Topic of a conversation’s room.', {
    fallback: '',
    variables: ['subject'],
    max: 250,
  }),
  conversationSubject: z
    .union([
      z.enum(['none', 'category', 'reasonCode', 'topic']),
      z.url('expected none, category, reasonCode, topic or the URL of an extension'),
    ])
    .default('none')
    .meta({
      description:
        'Where a CommunicationRequest keeps its subject line of at most 50 characters: category (its text), reasonCode (its text), the URL of a string extension, or topic where fhir.threads is medplum. Only where it never names a patient.',
    }),
  teamPictures: flag(
    'Whether a team’s space and its rooms show a picture of the team: a pattern in a colour, drawn by the bridge. Off leaves pictures as they are.',
    true,
  ),
  joinThroughSpace: flag(
    'Whether those who come into a team later join its conversations through the space, without an invitation to each. Turn off where the homeserver accepts invitations for people, or where their clients show no spaces.',
    true,
  ),
  historyVisibility: z.enum(['shared', 'invited', 'joined']).default('shared').meta({
    description:
      'What a new member of a room may read: shared is all that was said before, invited what was said since their invitation, joined since they joined.',
  }),
  spaceAlias: aliasTemplate(
    'Alias localpart of new spaces, {id} being the CareTeam’s id; opaque is a keyed hash, by which no one finds the space.',
    DEFAULT_ALIASES.spaceAlias,
  ),
  conversationAlias: aliasTemplate(
    'The same of new rooms, {id} being the CommunicationRequest’s id.',
    DEFAULT_ALIASES.conversationAlias,
  ),
};

/** Two templates of which one begins like the other could give one alias to two rooms. */
export function* roomFaults(matrix: {
  readonly spaceAlias: string;
  readonly conversationAlias: string;
}): Generator<string> {
  const { spaceAlias, conversationAlias } = matrix;
  if (spaceAlias === 'opaque' || conversationAlias === 'opaque') return;
  const [space, conversation] = [spaceAlias, conversationAlias].map((template) => template.slice(0, -4));
  if (space === undefined || conversation === undefined) return;
  if (space.startsWith(conversation) || conversation.startsWith(space))
    yield `matrix.conversationAlias: got "${conversationAlias}", expected it to begin otherwise than matrix.spaceAlias, "${spaceAlias}"`;
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
