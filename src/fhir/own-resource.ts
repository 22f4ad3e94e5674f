// Tells whether a resource found under an id or identifier of the bridge is the bridge's own: anyone may have put it there.
import type { FhirResource } from '../domain/fhir.ts';
import { parseReference } from '../domain/ids.ts';

/** Of a message: who sent it, where, and what it says. */
const OF_MESSAGES = ['sender', 'basedOn', 'partOf', 'about', 'topic', 'inResponseTo', 'subject', 'payload'];
/** What servers keep as it was written; dates, displays and files they may write in another way. */
const KEPT = new Set(['reference', 'value', 'contentString']);

/** By what a resource is found again. */
export interface OwnMark {
  readonly system: string;
  readonly value: string;
}

/**
 * Whether one of these versions is the resource as the bridge writes it: it bears the mark, and a message has the same sender and
 * text in the same conversation. Another system may have changed it since, so that the newest need not be.
 */
export function isOwnAmong(
  versions: readonly FhirResource[],
  own: FhirResource,
  mark: OwnMark | undefined,
): boolean {
  return versions.some(
    (version) =>
      version.resourceType === own.resourceType &&
      (mark === undefined || bears(version, mark)) &&
      (own.resourceType !== 'Communication' || saysTheSame(version, own)),
  );
}

function bears(resource: FhirResource, { system, value }: OwnMark): boolean {
  const identifiers: unknown = 'identifier' in resource ? resource.identifier : [];
  return [identifiers, resource.meta?.tag]
    .flat()
    .some(
      (each) => isObject(each) && each['system'] === system && [each['value'], each['code']].includes(value),
    );
}

function saysTheSame(found: FhirResource, own: FhirResource): boolean {
  return OF_MESSAGES.every((name) => {
    const [theirs, ours] = [found, own].map((resource) => keptIn(Reflect.get(resource, name)));
    return theirs?.join('\n') === ours?.join('\n');
  });
}

/** The texts that servers keep, in their order. */
function keptIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(keptIn);
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([name, each]) => {
    if (typeof each !== 'string') return keptIn(each);
    if (!KEPT.has(name)) return [];
    return [name === 'reference' ? (parseReference(each)?.reference ?? each) : each.trim()];
  });
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
