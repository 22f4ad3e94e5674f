// Names and topics of spaces and rooms from the operator's templates, and back to FHIR where a name is mapped.
//
// No variable of a template holds patient data; the configuration refuses other variables. FHIR R4 has no subject line, so it
// is read only from the place that the operator configured.
import type { CodeableConcept } from 'fhir/r4.js';
import type { CareTeam, CommunicationRequest } from '../domain/fhir.ts';
import type { RoomTitle } from './desired-room.ts';

/** The operator's templates. */
export interface RoomTemplates {
  readonly spaceName: string;
  /** For teams without a subject; `{name}` is the CareTeam's. */
  readonly organizationSpaceName: string;
  readonly spaceTopic: string;
  readonly conversationName: string;
  readonly conversationTopic: string;
  /** The place of the subject line: none, `category.text`, `reasonCode.text`, or the URL of an extension. */
  readonly conversationSubject: string;
}

/** The longest subject line, in characters. https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/specificatie.md#-uc2-nieuwe-gesprekken-starten */
const LONGEST_SUBJECT = 50;

/** The title of a CareTeam's space. */
export function spaceTitle(careTeam: CareTeam, templates: RoomTemplates): RoomTitle {
  const template = hasSubject(careTeam) ? templates.spaceName : templates.organizationSpaceName;
  const date = careTeam.period?.start?.slice(0, 10) ?? '';
  const name = hasSubject(careTeam) ? '' : shortened(oneLine(careTeam.name ?? ''));
  return { name: filled(template, { date, name }) ?? 'Team', topic: templates.spaceTopic };
}

/** The title of a CommunicationRequest's room. */
export function conversationTitle(request: CommunicationRequest, templates: RoomTemplates): RoomTitle {
  const date = request.authoredOn?.slice(0, 10) ?? '';
  const subject = subjectLineOf(request, templates) ?? '';
  return {
    name:
      filled(templates.conversationName, { date, subject }) ?? filled('Conversation {date}', { date }) ?? '',
    topic: filled(templates.conversationTopic, { subject }) ?? '',
  };
}

/** The subject line, at most 50 characters. */
function subjectLineOf(
  request: CommunicationRequest,
  { conversationSubject: place }: Pick<RoomTemplates, 'conversationSubject'>,
): string | undefined {
  const text = shortened(oneLine(rawSubject(request, place) ?? ''));
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
): CommunicationRequest | undefined {
  const place = templates.conversationSubject;
  if (place === 'none' || templates.conversationName.trim() !== '{subject}') return undefined;
  const text = shortened(oneLine(name));
  if (text === '' || text === conversationTitle(request, templates).name) return undefined;
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
): CareTeam | undefined {
  if (hasSubject(careTeam) || templates.organizationSpaceName.trim() !== '{name}') return undefined;
  const text = oneLine(name);
  return text === '' || text === spaceTitle(careTeam, templates).name
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

/** If all variables are empty, the rest of the template is a title only if it holds a letter, digit or symbol. */
function filled(template: string, values: Readonly<Record<string, string>>): string | undefined {
  const text = template.replace(/\{(\w+)\}/g, (_match, name: string) => values[name] ?? '').trim();
  const variables = [...template.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => values[name] ?? '');
  const isEmpty = variables.length > 0 && variables.every((value) => value === '');
  return text === '' || (isEmpty && !/[\p{L}\p{N}\p{So}]/u.test(text)) ? undefined : text;
}

/** Without line breaks and other control characters: neither side accepts them in a name. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
}

/** Counts characters as people see them, so that none is cut in two. */
function shortened(text: string): string {
  const letters = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
  return letters.length <= LONGEST_SUBJECT ? text : `${letters.slice(0, LONGEST_SUBJECT - 1).join('')}…`;
}
