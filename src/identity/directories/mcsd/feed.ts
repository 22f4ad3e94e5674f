// All practitioners of a FHIR directory for the sync: first page by page, then by what its history says has changed.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../../domain/clock.ts';
import type { FhirReference } from '../../../domain/ids.ts';
import { parseResourceUrl, referenceTo } from '../../../domain/ids.ts';
import { BridgeError } from '../../../telemetry/errors.ts';
import type { Directory, DirectoryPage, DirectoryRecord } from '../directory.ts';
import type { BundlePage } from '../../../fhir/bundle.ts';
import type { DirectoryResource, FhirDirectory } from './fhir-directory.ts';
import { ofType } from './fhir-directory.ts';
import { parsePosition } from '../position.ts';
import { withDepartments } from './organizations.ts';
import type { McsdPeople } from './people.ts';
import { entriesOf, holdersOf, PRACTITIONERS } from './people.ts';

/** What the sync reads. */
export type McsdFeed = Required<Pick<Directory, 'list' | 'read'>>;

interface Deps {
  readonly fhir: FhirDirectory;
  readonly people: McsdPeople;
  readonly clock: Clock;
  /** How far the reading of changes goes back before the last one: resources become visible later than their stamp says. */
  readonly overlapMs: number;
  /** How often everyone is read anew, although changes are followed. */
  readonly passEveryMs: number;
}

/** Whose change may change what a practitioner can be found by. */
const TYPES = ['Organization', 'PractitionerRole', 'Practitioner'] as const;
const BEGINNING = '1970-01-01T00:00:00.000Z';
/** The most roles of one organisation that has changed. */
const STAFF = 50_000;

/** A pass over everyone, in the order of their stamps; `from` is the stamp that the next page begins with. */
const passSchema = z.object({
  mode: z.literal('pass'),
  pass: z.string(),
  began: z.string(),
  from: z.string(),
  size: z.number().int().min(1),
});
/** The changes since an instant, type by type. */
const changesSchema = z.object({
  mode: z.literal('changes'),
  since: z.string(),
  /** When the present reading began, by the server's clock: the next one's `since`. */
  began: z.string().optional(),
  type: z.number().int().min(0).max(TYPES.length),
  next: z.string().optional(),
  passedAt: z.string(),
});
const positionSchema = z.discriminatedUnion('mode', [passSchema, changesSchema]);
type Pass = z.infer<typeof passSchema>;
type Changes = z.infer<typeof changesSchema>;

/** Reads all practitioners once, and from then on what changes; now and then all again. */
export function createMcsdFeed(deps: Deps): McsdFeed {
  const { fhir, people, clock, passEveryMs } = deps;
  return {
    async list(position, signal) {
      const known = parsePosition(positionSchema, position);
      if (known === undefined) return passPage(deps, await beginPass(deps, signal), signal);
      if (known.mode === 'pass') return passPage(deps, known, signal);
      const isIdle = known.began === undefined;
      const isDue = clock.now().getTime() - Date.parse(known.passedAt) >= passEveryMs;
      const { interacts } = await fhir.capabilities(signal);
      const canFollow = TYPES.every((type) => interacts(type, 'history-type'));
      if (isIdle && (isDue || !canFollow)) return passPage(deps, await beginPass(deps, signal), signal);
      return changesPage(deps, known, signal);
    },
    async read(keys, signal) {
      return recordsOf(people, keys as readonly FhirReference[], signal);
    },
  };
}

async function beginPass({ fhir, clock }: Deps, signal: AbortSignal): Promise<Pass> {
  const none = { _lastUpdated: 'ge2999-01-01', _count: '1' };
  const { serverTime } = await fhir.page('Practitioner', Object.entries(none), signal);
  const began = serverTime ?? clock.now().toISOString();
  return { mode: 'pass', pass: randomUUID(), began, from: BEGINNING, size: PRACTITIONERS };
}

/** Who changes meanwhile gets a later stamp, and is met later. */
async function passPage({ fhir, people }: Deps, pass: Pass, signal: AbortSignal): Promise<DirectoryPage> {
  const found: DirectoryResource<'Practitioner'>[] = [];
  let position: Pass | undefined;
  for await (const { page, next } of fhir.pages('Practitioner', pass, signal)) {
    found.push(...ofType(page.resources, 'Practitioner'));
    if (next === 'same stamp') continue;
    position = next && { ...pass, ...next, size: next.from === pass.from ? next.size : PRACTITIONERS };
    break;
  }
  const records = await recordsFor(people, found, signal);
  if (position !== undefined) {
    return { records, position: toText(position), done: false, pass: pass.pass };
  }
  const { began } = pass;
  const changes = toText({ mode: 'changes', since: began, type: 0, passedAt: began });
  return { records, position: changes, done: true, pass: pass.pass };
}

async function changesPage(deps: Deps, changes: Changes, signal: AbortSignal): Promise<DirectoryPage> {
  const { fhir, people, clock, overlapMs } = deps;
  const type = TYPES[changes.type];
  const since = new Date(Date.parse(changes.since) - overlapMs).toISOString();
  const page =
    type && (await followOrBegin(fhir, changes.next, () => fhir.changes(type, since, signal), signal));
  const began = changes.began ?? page?.serverTime ?? clock.now().toISOString();
  if (page === undefined || type === undefined) {
    const position = toText({ mode: 'changes', since: began, type: 0, passedAt: changes.passedAt });
    return { records: [], position, done: true, pass: undefined };
  }
  const affected = await affectedBy(deps, type, page, signal);
  const step = page.next === undefined ? { type: changes.type + 1 } : { type: changes.type, next: page.next };
  const { since: kept, passedAt } = changes;
  return {
    records: await recordsOf(people, affected, signal),
    position: toText({ mode: 'changes', since: kept, began, passedAt, ...step }),
    done: false,
    pass: undefined,
  };
}

/** A link ends with the server's memory of it; the changes can be read anew, for what they lead to is read as it is now. */
async function followOrBegin(
  fhir: FhirDirectory,
  next: string | undefined,
  begin: () => Promise<BundlePage>,
  signal: AbortSignal,
): Promise<BundlePage> {
  try {
    if (next !== undefined) return await fhir.follow(next, signal);
  } catch (error) {
    if (!(error instanceof BridgeError) || error.code !== 'directory-refused') throw error;
  }
  return begin();
}

/** The practitioners of whom something may have changed. */
async function affectedBy(
  deps: Deps,
  type: (typeof TYPES)[number],
  page: BundlePage,
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  const changed = [
    ...page.resources.map(({ resourceType, id }) => referenceTo(resourceType, id)),
    ...page.deleted.flatMap(({ url }) => parseResourceUrl(url)?.reference ?? []),
  ];
  const references = [...new Set(changed)];
  switch (type) {
    case 'Practitioner':
      return references;
    case 'PractitionerRole':
      return holdersNowAndBefore(deps, references, page, signal);
    case 'Organization':
      return staffOf(deps, references, signal);
  }
}

/** Those who hold the roles now, and those who held them before: a role may have passed from one to another. */
async function holdersNowAndBefore(
  { fhir }: Deps,
  roles: readonly FhirReference[],
  page: BundlePage,
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  const versions = ofType(page.resources, 'PractitionerRole');
  const holders = new Set(holdersOf(versions));
  for (const reference of roles) {
    const [version, other] = versions.filter(({ id }) => referenceTo('PractitionerRole', id) === reference);
    // The first version, alone on the page: no one held the role before.
    if (version?.meta?.versionId === '1' && other === undefined) continue;
    const { resources } = await fhir.versions(reference, signal);
    for (const one of holdersOf(ofType(resources, 'PractitionerRole'))) holders.add(one);
  }
  return [...holders];
}

async function staffOf(
  { fhir }: Deps,
  organizations: readonly FhirReference[],
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  if (organizations.length === 0) return [];
  const all = await withDepartments(fhir, organizations, signal);
  const params = [['organization', all.join(',')]] as const;
  return holdersOf(await fhir.search('PractitionerRole', params, STAFF, signal));
}

/** What practitioners are now; those that are gone have no entry. */
async function recordsOf(
  people: McsdPeople,
  references: readonly FhirReference[],
  signal: AbortSignal,
): Promise<readonly DirectoryRecord[]> {
  const found = await people.practitioners(references, signal);
  const entries = new Map((await recordsFor(people, found, signal)).map(({ key, entry }) => [key, entry]));
  return references.map((key) => ({ key, entry: entries.get(key) }));
}

async function recordsFor(
  people: McsdPeople,
  practitioners: readonly DirectoryResource<'Practitioner'>[],
  signal: AbortSignal,
): Promise<readonly DirectoryRecord[]> {
  const entries = [];
  for (let start = 0; start < practitioners.length; start += PRACTITIONERS) {
    const candidates = await people.candidates(practitioners.slice(start, start + PRACTITIONERS), signal);
    entries.push(...(await entriesOf(people, candidates, signal)));
  }
  const byReference = new Map(entries.map((entry) => [entry.reference, entry]));
  return practitioners.map(({ id }) => {
    const key = referenceTo('Practitioner', id);
    return { key, entry: byReference.get(key) };
  });
}

const toText = (position: Pass | Changes): string => JSON.stringify(position);
