// Keycloak as a directory: users of a realm by e-mail and by attributes that only administrators can write.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../../domain/clock.ts';
import type { Directory, DirectoryPage, Resolution, Threepid } from '../directory.ts';
import { isFoundBy, isProfessional, wordsOf } from '../names.ts';
import { parsePosition } from '../position.ts';
import type { KeycloakApi, KeycloakClient, KeycloakUser } from './api.ts';
import { ATTRIBUTE_OF, createReliableAttributes } from './attributes.ts';
import type { KeycloakMapping, ReadUser } from './users.ts';
import { readUser } from './users.ts';

interface Deps {
  readonly name: string;
  readonly api: KeycloakApi;
  readonly mapping: KeycloakMapping;
  readonly clock: Clock;
  readonly pageSize: number;
  /** The client for checks of passwords; none switches them off. */
  readonly passwordClient: KeycloakClient | undefined;
}

type Param = readonly [string, string];

/** Two would tell that there are several; a few more tell whether the server matched by parts of the value. */
const MATCHES = 10;
/** The least letters of a search by name. */
const SHORTEST_TERM = 3;
/** Lists leave out attributes unless told otherwise. */
const FULL: Param = ['briefRepresentation', 'false'];
const positionSchema = z.object({ pass: z.string(), first: z.number().int().min(0) });

/** Creates the directory. Whatever Keycloak answers is compared with what was asked. */
export function createKeycloakDirectory(deps: Deps): Directory {
  const { name, api, mapping, pageSize, passwordClient } = deps;
  const { reliable, entriesOf, enabledUsers } = createUserReader(deps);
  return {
    name,
    async resolve(threepid, signal) {
      const criterion = await criterionOf(threepid, mapping, () => reliable(signal));
      if (criterion === undefined) return { kind: 'unknown' };
      return judge(await enabledUsers(criterion, MATCHES, signal), threepid);
    },
    async search(term, limit, signal) {
      const words = wordsOf(term).join(' ');
      if (words.length < SHORTEST_TERM) return [];
      return (await enabledUsers([['search', words]], limit, signal))
        .flatMap(({ entry }) => (entry === undefined ? [] : [entry]))
        .filter((entry) => isProfessional(entry) && isFoundBy(entry.displayName ?? '', words));
    },
    async list(position, signal): Promise<DirectoryPage> {
      const { pass, first } = parsePosition(positionSchema, position) ?? { pass: randomUUID(), first: 0 };
      const users = await api.users([['first', String(first)], ['max', String(pageSize)], FULL], signal);
      return {
        pass,
        records: (await entriesOf(users, signal)).map(({ key, entry }) => ({ key, entry })),
        // A short page is the last one. Users that came or went meanwhile have moved the others: those that were missed are
        // read again before they count as gone, and those that came are met by the next pass.
        ...(users.length < pageSize
          ? { position: '', done: true }
          : { position: JSON.stringify({ pass, first: first + users.length }), done: false }),
      };
    },
    async read(keys, signal) {
      const users = await Promise.all(keys.map((key) => api.user(key, signal)));
      const entries = await entriesOf(
        users.filter((user) => user !== undefined),
        signal,
      );
      const byKey = new Map(entries.map(({ key, entry }) => [key, entry]));
      return keys.map((key) => ({ key, entry: byKey.get(key) }));
    },
    ...(passwordClient !== undefined &&
      ({
        async authenticate(login, password, signal) {
          const id = await api.checkPassword(passwordClient, login, password, signal);
          const user = id === undefined ? undefined : await api.user(id, signal);
          return user === undefined ? undefined : (await entriesOf([user], signal))[0]?.entry;
        },
      } satisfies Pick<Directory, 'authenticate'>)),
  };
}

/** Users as the directory knows them: with what of their attributes can be relied upon. */
function createUserReader({ api, mapping, clock }: Pick<Deps, 'api' | 'mapping' | 'clock'>) {
  const reliable = createReliableAttributes(api, mapping.attributes, clock);

  async function entriesOf(users: readonly KeycloakUser[], signal: AbortSignal) {
    const attributes = await reliable(signal);
    return users.map((user) => ({ key: user.id, ...readUser(user, mapping, attributes) }));
  }

  return {
    reliable,
    entriesOf,
    enabledUsers: async (criterion: readonly Param[], most: number, signal: AbortSignal) => {
      const params: readonly Param[] = [...criterion, ['enabled', 'true'], FULL, ['max', String(most)]];
      return entriesOf(await api.users(params, signal), signal);
    },
  };
}

/**
 * What to ask for. In the language of `q` a space begins another criterion, and no criterion means all users: only numbers
 * that passed their strict form get into it.
 */
async function criterionOf(
  { medium, address }: Threepid,
  { attributes }: KeycloakMapping,
  reliable: () => Promise<ReadonlySet<string>>,
): Promise<readonly Param[] | undefined> {
  if (medium === 'email') return Object.entries({ email: address, exact: 'true' });
  const name = attributes[ATTRIBUTE_OF[medium]];
  if (!(await reliable()).has(name) || !/^[\w.-]+$/.test(name) || !/^[\d.]+$/.test(address)) return undefined;
  return [['q', `${name}:${address}`]];
}

/** Of the users that came back, those that really have what was asked for. */
function judge(found: readonly ReadUser[], asked: Threepid): Resolution {
  const matching = found.filter(({ threepids }) =>
    threepids.some(({ medium, address }) => medium === asked.medium && address === asked.address),
  );
  const [first, ...others] = matching;
  if (first === undefined) return { kind: 'unknown' };
  // A server that matches by parts of the value may have kept the other one from us.
  const mayBeMore = found.length >= MATCHES && matching.length < found.length;
  if (mayBeMore || others.some(({ userId }) => userId !== first.userId)) return { kind: 'ambiguous' };
  return first.userId === undefined ? { kind: 'unknown' } : { kind: 'found', userId: first.userId };
}
