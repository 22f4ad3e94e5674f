// A FHIR directory of care (https://profiles.ihe.net/ITI/mCSD/ITI-90.html): by number in the steps that every such server knows, by e-mail where it can.
import type { FhirReference, MatrixUserId } from '../../../domain/ids.ts';
import { referenceTo } from '../../../domain/ids.ts';
import { BridgeError } from '../../../telemetry/errors.ts';
import { resolutionOf } from '../directory.ts';
import type { Directory, Threepid } from '../directory.ts';
import { isFoundBy, isSearchable, wordsOf } from '../names.ts';
import { escaped, identifierTokens, numbersIn, roleToken, rolesIn, token } from './care-identifiers.ts';
import type { BundlePage } from '../../../fhir/bundle.ts';
import type { DirectoryResource, FhirDirectory } from './fhir-directory.ts';
import { ofType, TooManyFoundError } from './fhir-directory.ts';
import type { McsdFeed } from './feed.ts';
import type { Candidate, HeldRole, McsdPeople } from './people.ts';
import { organizationsOf } from './organizations.ts';
import { entriesOf, holdersOf, PRACTITIONERS, threepidsOf } from './people.ts';

interface Deps {
  readonly fhir: FhirDirectory;
  readonly people: McsdPeople;
  readonly feed: McsdFeed;
}

/** The most resources that answer a question for one person. More are several people's. */
const MATCHES = 500;

/** Answers look-ups and searches from the server, and lists its practitioners for the sync. */
export function createMcsdDirectory({ fhir, people, feed }: Deps): Directory {
  const names = createNameSearch(fhir);
  return {
    name: fhir.name,
    async resolve(threepid, signal) {
      try {
        const practitioners = await practitionersFor(fhir, people, threepid, signal);
        const found = await people.candidates(practitioners, signal);
        // A server's search may be wider than what was asked.
        const candidates = found.filter((one) => threepidsOf(one).some(isOne(threepid)));
        // A number or role that several share stands for none of them, even if one alone has an address.
        if (isShared(threepid) && candidates.length > 1) return { kind: 'ambiguous' };
        const userIds: MatrixUserId[] = [];
        for (const candidate of candidates)
          userIds.push(...(await people.userIds(candidate, rolesFor(candidate, threepid), signal)));
        return resolutionOf(userIds);
      } catch (error) {
        // An identifier that leads to hundreds stands for none of them.
        if (error instanceof TooManyFoundError) return { kind: 'ambiguous' };
        throw error;
      }
    },
    async search(term, limit, signal) {
      if (!isSearchable(term)) return [];
      const [longest = ''] = wordsOf(term).toSorted((a, b) => b.length - a.length);
      const page = await names(longest, signal);
      const candidates = await people.candidates(ofType(page.resources, 'Practitioner'), signal);
      return (await entriesOf(people, candidates, signal))
        .filter(({ displayName }) => isFoundBy(displayName ?? '', term))
        .slice(0, limit);
    },
    ...feed,
  };
}

/** Prefixes of Dutch family names, which servers take for the beginning of the name. */
const BEFORE_NAMES = ['', 'van ', 'de ', 'van de ', 'van der ', 'van den ', 'den ', 'ter ', 'ten '];

/**
 * One page of the practitioners whose names hold a word; a word of two letters does not list them all. mCSD demands
 * `:contains`; where a server refuses it all the same, a family name is found with the commonest prefixes before it.
 */
function createNameSearch(fhir: FhirDirectory): (word: string, signal: AbortSignal) => Promise<BundlePage> {
  let canContain = true;
  const ask = (param: string, value: string, signal: AbortSignal): Promise<BundlePage> => {
    const query = { [param]: value, _count: String(PRACTITIONERS) };
    return fhir.page('Practitioner', Object.entries(query), signal);
  };
  return async (word, signal) => {
    try {
      if (canContain) return await ask('name:contains', word, signal);
    } catch (error) {
      if (!(error instanceof BridgeError) || error.code !== 'directory-refused') throw error;
      canContain = false;
    }
    return ask('name', BEFORE_NAMES.map((before) => `${before}${word}`).join(','), signal);
  };
}

const isOne =
  ({ medium, address }: Threepid) =>
  (other: Threepid): boolean =>
    other.medium === medium && other.address === address;

/** Whether an identifier may belong to several people. */
const isShared = ({ medium }: Threepid): boolean => medium === 'ura_nr' || medium === 'role_code';

/** What a role bears by itself: the numbers of its organisation and of all above it, and its codes. */
const ofRole = ({ role, organizations }: HeldRole): readonly Threepid[] => [
  ...organizations.flatMap(({ identifier }) => numbersIn('ura_nr', identifier)),
  ...rolesIn([...(role.code ?? []), ...(role.specialty ?? [])]),
];

/** The roles whose addresses count: those with the number or code that was asked, else all. */
function rolesFor({ roles }: Candidate, asked: Threepid): readonly HeldRole[] {
  return isShared(asked) ? roles.filter((role) => ofRole(role).some(isOne(asked))) : roles;
}

/** The practitioners that a first search leads to; whether they are meant is looked at afterwards. */
async function practitionersFor(
  fhir: FhirDirectory,
  people: McsdPeople,
  { medium, address }: Threepid,
  signal: AbortSignal,
): Promise<readonly DirectoryResource<'Practitioner'>[]> {
  switch (medium) {
    case 'uzi_nr':
      return fhir.search(
        'Practitioner',
        [['identifier', identifierTokens(medium, address)]],
        MATCHES,
        signal,
      );
    case 'email':
      return practitionersByEmail(fhir, people, address, signal);
    case 'ura_nr': {
      const organizations = await organizationsOf(fhir, address, signal);
      if (organizations.length === 0) return [];
      const params = [['organization', organizations.join(',')]] as const;
      const roles = await fhir.search('PractitionerRole', params, MATCHES, signal);
      return people.practitioners(holdersOf(roles), signal);
    }
    case 'role_code': {
      const { searches } = await fhir.capabilities(signal);
      const names = ['role', 'specialty'].filter((name) => searches('PractitionerRole', name));
      const found = new Set<FhirReference>();
      for (const name of names) {
        const roles = await fhir.search('PractitionerRole', [[name, roleToken(address)]], MATCHES, signal);
        for (const one of holdersOf(roles)) found.add(one);
      }
      return people.practitioners([...found], signal);
    }
  }
}

/** E-mail is no search that mCSD demands: asked where the server says it can, and else left to the local table. */
async function practitionersByEmail(
  fhir: FhirDirectory,
  people: McsdPeople,
  address: string,
  signal: AbortSignal,
): Promise<readonly DirectoryResource<'Practitioner'>[]> {
  const { searches } = await fhir.capabilities(signal);
  async function ask<Type extends 'Practitioner' | 'PractitionerRole'>(
    resourceType: Type,
  ): Promise<readonly DirectoryResource<Type>[]> {
    const param = (['telecom', 'email'] as const).find((name) => searches(resourceType, name));
    if (param === undefined) return [];
    const value = param === 'telecom' ? token('email', address) : escaped(address);
    return fhir.search(resourceType, [[param, value]], MATCHES, signal);
  }
  const own = await ask('Practitioner');
  const known = new Set(own.map(({ id }) => referenceTo('Practitioner', id)));
  const others = holdersOf(await ask('PractitionerRole')).filter((reference) => !known.has(reference));
  return [...own, ...(await people.practitioners(others, signal))];
}
