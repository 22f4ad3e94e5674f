// Names and topics of spaces and rooms from the operator's templates, and back to FHIR where a name is mapped.
//
// No variable of a template holds patient data; the configuration refuses other variables. FHIR R4 has no subject line, so it
// is read only from the place that the operator configured.
import type { CodeableConcept } from 'fhir/r4.js';
import type { CareTeam, CommunicationRequest } from '../domain/fhir.ts';
import type { RoomTitle } from './desired-room.ts';
import { instantOf } from './periods.ts';

/** The operator's templates. */
export interface RoomTemplates {
  readonly spaceName: string;
  /** For teams without a subject; `{name}` is the CareTeam's. */
  readonly organizationSpaceName: string;
  readonly spaceTopic: string;
  readonly conversationName: string;
  /** The name of a conversation of which its template says nothing. */
  readonly conversationFallback: string;
  readonly conversationTopic: string;
  /** The place of the subject line: none, `category.text`, `reasonCode.text`, or the URL of an extension. */
  readonly conversationSubject: string;
  /** Of dates and times of day, such as `Europe/Amsterdam`. */
  readonly timeZone: string;
}

/** What a title can say besides its own resource; what is left out is not known, or there is none. */
export interface TitleFacts {
  /** The number of the room: no other room has it. */
  readonly number?: number | undefined;
  /** The number of the space of a conversation's team. */
  readonly team?: number | undefined;
  /** The names of the professionals in it, in the order in which they are to be named. */
  readonly professionals?: readonly string[];
  /** The name of the organisation that manages the team. */
  readonly organization?: string | undefined;
}

/** The longest subject line, in characters. https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#-uc2-nieuwe-gesprekken-starten */
const LONGEST_SUBJECT = 50;
/** The longest name of a room: homeservers and clients take 255 bytes. */
const LONGEST_NAME = 120;
/** The professionals in a name: of more than these, only how many. */
const MOST_NAMED = 2;
const LONGEST_PROFESSIONAL = 30;
/** UTF-16 units of one character as people see it; longer ones are no writing. */
const LONGEST_LETTER = 16;
/** What stands between the sections of a template; a section with nothing to say is left out. */
const BETWEEN = ' · ';

/** The title of a CareTeam's space. */
export function spaceTitle(careTeam: CareTeam, templates: RoomTemplates, facts: TitleFacts = {}): RoomTitle {
  const template = hasSubject(careTeam) ? templates.spaceName : templates.organizationSpaceName;
  const { date } = dayAndTime(careTeam.period?.start, templates.timeZone);
  const name = hasSubject(careTeam) ? '' : shortened(oneLine(careTeam.name ?? ''), LONGEST_SUBJECT);
  const values = { ...valuesOf(facts), date, name };
  const text = filled(template, values) ?? filled('Team {number}', values) ?? '';
  return { name: shortened(text, LONGEST_NAME), topic: templates.spaceTopic };
}

/** The title of a CommunicationRequest's room. */
export function conversationTitle(
  request: CommunicationRequest,
  templates: RoomTemplates,
  facts: TitleFacts = {},
): RoomTitle {
  const subject = subjectLineOf(request, templates) ?? '';
  const values = { ...valuesOf(facts), ...dayAndTime(request.authoredOn, templates.timeZone), subject };
  const { conversationName, conversationFallback } = templates;
  const text = filled(conversationName, values) ?? filled(conversationFallback, values) ?? '';
  return {
    name: shortened(text, LONGEST_NAME),
    topic: filled(templates.conversationTopic, { subject }) ?? '',
  };
}

/** Whether a title says something of the organisation: else it need not be read. */
export function namesOrganization({
  spaceName,
  organizationSpaceName,
  conversationName,
}: RoomTemplates): boolean {
  return [spaceName, organizationSpaceName, conversationName].some((name) => name.includes('{organization}'));
}

/** The subject line, at most 50 characters. */
function subjectLineOf(
  request: CommunicationRequest,
  { conversationSubject: place }: Pick<RoomTemplates, 'conversationSubject'>,
): string | undefined {
  const text = shortened(oneLine(rawSubject(request, place) ?? ''), LONGEST_SUBJECT);
  return text === '' ? undefined : text;
}

/**
 * The request with the new name of its room as subject line.
 * @returns undefined when names are not mapped, or when the request has that name already
 */
export function withSubjectLine(
  request: CommunicationRequest,
  name: string,
  templates: RoomTemplates,
  facts: TitleFacts = {},
): CommunicationRequest | undefined {
  const place = templates.conversationSubject;
  if (place === 'none' || templates.conversationName.trim() !== '{subject}') return undefined;
  const text = shortened(oneLine(name), LONGEST_SUBJECT);
  if (text === '' || text === conversationTitle(request, templates, facts).name) return undefined;
  switch (place) {
    case 'category':
      return { ...request, category: withText(request.category, text) };
    case 'reasonCode':
      return { ...request, reasonCode: withText(request.reasonCode, text) };
    default: {
      const others = (request.extension ?? []).filter(({ url }) => url !== place);
      return { ...request, extension: [...others, { url: place, valueString: text }] };
    }
  }
}

/**
 * The team with the new name of its space.
 * @returns undefined when names are not mapped, or when the team has that name already
 */
export function withTeamName(
  careTeam: CareTeam,
  name: string,
  templates: RoomTemplates,
  facts: TitleFacts = {},
): CareTeam | undefined {
  if (hasSubject(careTeam) || templates.organizationSpaceName.trim() !== '{name}') return undefined;
  const text = oneLine(name);
  return text === '' || text === spaceTitle(careTeam, templates, facts).name
    ? undefined
    : { ...careTeam, name: text };
}

function rawSubject(request: CommunicationRequest, place: string): string | undefined {
  switch (place) {
    case 'none':
      return undefined;
    case 'category':
      return request.category?.[0]?.text;
    case 'reasonCode':
      return request.reasonCode?.[0]?.text;
    default:
      return request.extension?.find(({ url }) => url === place)?.valueString;
  }
}

function withText(concepts: readonly CodeableConcept[] | undefined, text: string): CodeableConcept[] {
  const [first, ...rest] = concepts ?? [];
  return [{ ...first, text }, ...rest];
}

function hasSubject(careTeam: CareTeam): boolean {
  return careTeam.subject !== undefined;
}

/** The values of the variables that spaces and rooms have in common. */
function valuesOf({ number, team, professionals = [], organization = '' }: TitleFacts) {
  const named = professionals.slice(0, MOST_NAMED).map((name) => shortened(name, LONGEST_PROFESSIONAL));
  const others = professionals.length - named.length;
  return {
    number: number?.toString() ?? '',
    team: team?.toString() ?? '',
    professionals: [named.join(', '), ...(others > 0 ? [`+${others}`] : [])].join(' '),
    organization: shortened(organization, LONGEST_SUBJECT),
  };
}

/** The day, and the time of day where there is one; a date without a time of day is the same in every time zone. */
function dayAndTime(dateTime: string | undefined, timeZone: string): { date: string; time: string } {
  const [day = ''] = /^\d{4}(-\d{2}(-\d{2})?)?/.exec(dateTime ?? '') ?? [];
  const instant = dateTime?.includes('T') === true ? instantOf(dateTime) : Number.NaN;
  if (Number.isNaN(instant)) return { date: day, time: '' };
  // The Swedish way of writing it is 2026-03-09 09:30.
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  const [date = day, time = ''] = format.format(instant).split(' ');
  return { date, time };
}

/**
 * Fills a template in. A section of which all variables are empty is left out; the first one is kept if the rest of it holds a
 * letter, digit or symbol.
 */
function filled(template: string, values: Readonly<Record<string, string>>): string | undefined {
  const said = template.split(BETWEEN).flatMap((section, index) => {
    const variables = [...section.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => values[name] ?? '');
    const text = section.replace(/\{(\w+)\}/g, (_match, name: string) => values[name] ?? '').trim();
    const isEmpty = variables.length > 0 && variables.every((value) => value === '');
    const isKept = isEmpty ? index === 0 && /[\p{L}\p{N}\p{So}]/u.test(text) : text !== '';
    return isKept ? [text] : [];
  });
  return said.length === 0 ? undefined : said.join(BETWEEN);
}

/** Without line breaks, other control characters and what turns the direction of writing: none belongs in a name. */
function oneLine(text: string): string {
  return text
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .replace(/\p{Bidi_Control}/gu, '')
    .trim();
}

/** Counts characters as people see them, so that none is cut in two; of one that has no end, a part is enough. */
function shortened(text: string, longest: number): string {
  const start = text.slice(0, longest * LONGEST_LETTER).toWellFormed();
  const letters = [...new Intl.Segmenter().segment(start)].map(({ segment }) => segment);
  const isWhole = letters.length <= longest && start.length === text.length;
  return isWhole ? text : `${letters.slice(0, longest - 1).join('')}…`;
}
