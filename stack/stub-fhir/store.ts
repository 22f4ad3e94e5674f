// The resources of a FHIR server in memory, with their versions, and its searches: what HAPI does where the bridge asks, and no more.
import { childrenOf, isNode, objectOf, type Json, type JsonObject } from './json.ts';

/** A version of a resource, or what stands in its place. */
export interface Version {
  readonly type: string;
  readonly id: string;
  readonly number: number;
  /** By the server's clock, in milliseconds. */
  readonly stamp: number;
  /** Undefined where this version is its deletion. */
  readonly resource: Json | undefined;
}

/** The resources. */
export type FhirStore = ReturnType<typeof createFhirStore>;

/** Creates the store, empty. @param now the server's clock, in milliseconds */
export function createFhirStore(now: () => number) {
  const byReference = new Map<string, Version[]>();
  const byType = new Map<string, Set<string>>();
  const listeners = new Set<(version: Version) => void>();
  let latest = 0;

  /** No two versions have one stamp, so that a page never ends within one. */
  const nextStamp = (): number => {
    latest = Math.max(latest + 1, now());
    return latest;
  };

  function enter(version: Version): void {
    const { type, id } = version;
    const reference = `${type}/${id}`;
    byReference.set(reference, [...(byReference.get(reference) ?? []), version]);
    byType.set(type, (byType.get(type) ?? new Set()).add(reference));
  }

  function add(type: string, id: string, resource: Json | undefined): Version {
    const number = (byReference.get(`${type}/${id}`)?.length ?? 0) + 1;
    const stamp = nextStamp();
    const own = { versionId: String(number), lastUpdated: new Date(stamp).toISOString() };
    const version = { type, id, number, stamp, resource: withMeta(resource, own) };
    enter(version);
    for (const listener of listeners) listener(version);
    return version;
  }

  const current = (type: string, id: string): Version | undefined => byReference.get(`${type}/${id}`)?.at(-1);
  const currentOf = (type: string): readonly Version[] =>
    [...(byType.get(type) ?? [])].flatMap((reference) => byReference.get(reference)?.at(-1) ?? []);
  return {
    /** Called after each version. */
    listeners,
    current,
    versions: (type: string, id: string): readonly Version[] => byReference.get(`${type}/${id}`) ?? [],
    /** Writes a version. */
    put: (type: string, id: string, resource: JsonObject): Version =>
      add(type, id, objectOf([...childrenOf(resource), ['resourceType', type], ['id', id]])),
    /** Writes what stands in the place of a version; only what it says of its version is the server's own. */
    forge: (type: string, id: string, resource: Json): Version => add(type, id, resource),
    /** Adds a resource like another, as old as that one, of which no hook tells. */
    copy: (type: string, id: string, copyId: string): void => {
      enter(copyOf(current(type, id), copyId));
    },
    remove: (type: string, id: string): Version => add(type, id, undefined),
    /** The stamp of the newest version of a type; 0 without any. */
    newest: (type: string): number => Math.max(0, ...currentOf(type).map(({ stamp }) => stamp)),
    /** What a search finds, oldest first. */
    search: (type: string, query: URLSearchParams): readonly Version[] =>
      currentOf(type)
        .filter((version) => isFound(version, query))
        .sort((a, b) => a.stamp - b.stamp),
    /** All versions of a type since an instant, newest first. */
    history: (type: string, since: number): readonly Version[] =>
      [...(byType.get(type) ?? [])]
        .flatMap((reference) => byReference.get(reference) ?? [])
        .filter(({ stamp }) => stamp >= since)
        .sort((a, b) => b.stamp - a.stamp),
    /** The current resources of a type. */
    all: (type: string): readonly Json[] =>
      currentOf(type).flatMap(({ resource }) => (resource === undefined ? [] : [resource])),
    /** Now by the server's clock: no version is younger. */
    serverTime: (): string => new Date(Math.max(now(), latest) + 1).toISOString(),
    /** Shows some resources of a type in no search any more; they can be read as ever, unless they are forgotten whole. */
    putAway(type: string, isPutAway: (id: string) => boolean, { whole }: { readonly whole: boolean }): void {
      for (const reference of byType.get(type) ?? []) {
        if (!isPutAway(reference.slice(type.length + 1))) continue;
        byType.get(type)?.delete(reference);
        if (whole) byReference.delete(reference);
      }
    },
  };
}

function copyOf(version: Version | undefined, id: string): Version {
  if (version === undefined) throw new TypeError('There is no resource to be copied');
  return { ...version, id, resource: objectOf([...childrenOf(version.resource ?? null), ['id', id]]) };
}

function withMeta(resource: Json | undefined, own: JsonObject): Json | undefined {
  if (resource === undefined || !isNode(resource) || Array.isArray(resource)) return resource;
  const meta = childrenOf(resource).find(([key]) => key === 'meta')?.[1] ?? null;
  const all = objectOf([...(Array.isArray(meta) ? [] : childrenOf(meta)), ...childrenOf(own)]);
  return objectOf([...childrenOf(resource).filter(([key]) => key !== 'meta'), ['meta', all]]);
}
/** Parameters of the answer, not of what is searched. */
const OF_THE_ANSWER: ReadonlySet<string> = new Set([
  '_sort',
  '_count',
  '_summary',
  '_elements',
  '_total',
  'offset',
]);
/** The element of a parameter, where it is not the parameter's name in camel case. */
const ELEMENTS: Readonly<Record<string, string>> = { _tag: 'meta', url: 'channel', patient: 'subject' };

/** Tells whether a search finds a version. */
export function isFound({ stamp, id, resource }: Version, query: URLSearchParams): boolean {
  if (resource === undefined) return false;
  const elements = new Map(childrenOf(resource));
  return [...query].every(([name, value]) => {
    if (OF_THE_ANSWER.has(name)) return true;
    if (name === '_lastUpdated') return isWithin(stamp, value);
    if (name === '_id') return value.split(',').includes(id);
    const element = ELEMENTS[name] ?? name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    const texts = textsIn(elements.get(element) ?? null);
    return value.split(',').some((each) => texts.has(each.split('|').at(-1) ?? ''));
  });
}

function isWithin(stamp: number, bound: string): boolean {
  const at = Date.parse(bound.slice(2));
  switch (bound.slice(0, 2)) {
    case 'ge':
      return stamp >= at;
    case 'gt':
      return stamp > at;
    case 'le':
      return stamp <= at;
    default:
      return stamp < at;
  }
}

function textsIn(value: Json): ReadonlySet<unknown> {
  const found = new Set<unknown>();
  const walk = (each: Json, levels: number): void => {
    if (!isNode(each)) found.add(each);
    else if (levels > 0) for (const [, child] of childrenOf(each)) walk(child, levels - 1);
  };
  walk(value, 6);
  return found;
}
