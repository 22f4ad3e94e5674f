// Keycloak as a directory: users of a realm by e-mail and by attributes that only administrators can write.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../../domain/clock.ts';
import type { MatrixUserId } from '../../../domain/ids.ts';
import { isMatrixUserId, serverNameOf } from '../../../domain/ids.ts';
import type { Directory, DirectoryEntry, DirectoryPage, Medium, Resolution, Threepid } from '../directory.ts';
import { cleanName, isFoundBy, isProfessional, wordsOf } from '../names.ts';
import { threepidOf } from '../threepid.ts';
import type { KeycloakApi, KeycloakClient, KeycloakUser } from './api.ts';

/** How users of the realm are read. */
export interface KeycloakMapping {
  /** The attributes that hold each number; e-mail has a place of its own. */
  readonly attributes: Readonly<Record<Exclude<Medium, 'email'>, string>>;
  /** The attribute that holds the Matrix user id, or its localpart. */
  readonly matrixIdAttribute: string;
  /** Whether the username is the localpart of who has no such attribute. */
  readonly usernameIsLocalpart: boolean;
  /** The homeserver of localparts. */
  readonly serverName: string;
  /** Homeservers besides it whose users may be named in the attribute. */
  readonly trustedServers: readonly string[];
}

interface Deps {
  readonly api: KeycloakApi;
  readonly mapping: KeycloakMapping;
  readonly clock: Clock;
  readonly pageSize: number;
  /** The client for checks of passwords; none switches them off. */
  readonly passwordClient: KeycloakClient | undefined;
}

/** More than one could be told from two; a few more tell whether the server matched by parts of the value. */
const MATCHES = 10;
/** The least letters of a search by name. */
const SHORTEST_TERM = 3;
/** How long the realm's user profile is believed. */
const PROFILE_MS = 600_000;
const LOCALPART = /^[a-z0-9._=/+-]+$/;
const positionSchema = z.object({ pass: z.string(), first: z.number().int().min(0) });

/** Creates the directory. Whatever Keycloak answers is compared with what was asked. */
export function createKeycloakDirectory({ api, mapping, clock, pageSize, passwordClient }: Deps): Directory {
  const reliable = createReliableAttributes(api, mapping, clock);
  const full = ['briefRepresentation', 'false'] as const;

  async function entriesOf(users: readonly KeycloakUser[], signal: AbortSignal) {
    const attributes = await reliable(signal);
    return users.map((user) => ({ key: user.id, ...readUser(user, mapping, attributes) }));
  }

  return {
    name: 'keycloak',
    async resolve(threepid, signal) {
      const criterion = await criterionOf(threepid, mapping, () => reliable(signal));
      if (criterion === undefined) return { kind: 'unknown' };
      const found = await api.users(
        [...criterion, ['enabled', 'true'], full, ['max', String(MATCHES)]],
        signal,
      );
      return judge(await entriesOf(found, signal), threepid);
    },
    async search(term, limit, signal) {
      const words = wordsOf(term).join(' ');
      if (words.length < SHORTEST_TERM) return [];
      const found = await api.users(
        [['search', words], ['enabled', 'true'], full, ['max', String(limit)]],
        signal,
      );
      return (await entriesOf(found, signal))
        .flatMap(({ entry }) => (entry === undefined ? [] : [entry]))
        .filter((entry) => isProfessional(entry) && isFoundBy(entry.displayName ?? '', words));
    },
    async list(position, signal): Promise<DirectoryPage> {
      const { pass, first } = nextPage(position);
      const users = await api.users([['first', String(first)], ['max', String(pageSize)], full], signal);
      return {
        pass,
        records: (await entriesOf(users, signal)).map(({ key, entry }) => ({ key, entry })),
        // A short page is the last one. Users that came or went meanwhile have moved the others: whoever was missed is
        // read again before they count as gone, and whoever came is met by the next pass.
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

type Attributes = ReadonlySet<string>;

/** The configured attributes that can be relied upon, read from the realm's user profile now and then. */
function createReliableAttributes(
  api: KeycloakApi,
  { attributes, matrixIdAttribute }: KeycloakMapping,
  clock: Clock,
): (signal: AbortSignal) => Promise<Attributes> {
  const names = [...Object.values(attributes), matrixIdAttribute];
  let known: { attributes: Attributes; readAt: number } | undefined;
  return async (signal) => {
    if (known === undefined || clock.monotonicMs() - known.readAt > PROFILE_MS) {
      known = {
        attributes: await api.reliableAttributes(names, signal),
        readAt: clock.monotonicMs(),
      };
    }
    return known.attributes;
  };
}

/**
 * The configured attributes that anyone but an administrator can write, or that Keycloak does not know: by those nobody is
 * found. For the readiness check.
 */
export async function unreliableAttributes(
  api: Pick<KeycloakApi, 'reliableAttributes'>,
  { attributes, matrixIdAttribute }: KeycloakMapping,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const names = [...Object.values(attributes), matrixIdAttribute];
  const good = await api.reliableAttributes(names, signal);
  return names.filter((name) => !good.has(name));
}

/** The attributes that answers rest on when people are looked up by these media; e-mail addresses are none. */
export function neededAttributes(
  { attributes, matrixIdAttribute, usernameIsLocalpart }: KeycloakMapping,
  media: readonly Medium[],
): readonly string[] {
  const numbers = media.flatMap((medium) => (medium === 'email' ? [] : [attributes[medium]]));
  return usernameIsLocalpart ? numbers : [...numbers, matrixIdAttribute];
}

/**
 * What to ask for. `q` is a little language in which a space begins another criterion and in which no criterion means
 * everyone, so that only numbers which passed their strict form get into it.
 */
async function criterionOf(
  { medium, address }: Threepid,
  { attributes }: KeycloakMapping,
  reliable: () => Promise<Attributes>,
): Promise<readonly (readonly [string, string])[] | undefined> {
  if (medium === 'email')
    return [
      ['email', address],
      ['exact', 'true'],
    ];
  const name = attributes[medium];
  if (!(await reliable()).has(name) || !/^[\w.-]+$/.test(name) || !/^[\d.]+$/.test(address)) return undefined;
  return [['q', `${name}:${address}`]];
}

interface ReadUser {
  readonly userId: MatrixUserId | undefined;
  readonly threepids: readonly Threepid[];
  /** Present when the user is enabled and has a Matrix user id. */
  readonly entry: DirectoryEntry | undefined;
}

function readUser(user: KeycloakUser, mapping: KeycloakMapping, reliable: Attributes): ReadUser {
  const values = (name: string): readonly string[] =>
    reliable.has(name) ? (user.attributes?.[name] ?? []) : [];
  const email = user.emailVerified === true ? threepidOf('email', user.email) : undefined;
  const numbers = (['uzi_nr', 'ura_nr', 'role_code'] as const).flatMap((medium) =>
    values(mapping.attributes[medium]).flatMap((value) => threepidOf(medium, value) ?? []),
  );
  const threepids = user.enabled === false ? [] : [...(email === undefined ? [] : [email]), ...numbers];
  const userId = userIdOf(user, values(mapping.matrixIdAttribute), mapping);
  const displayName = cleanName(
    [user.firstName, user.lastName].filter((name) => name !== undefined).join(' '),
  );
  const isUsable = userId !== undefined && user.enabled !== false;
  return {
    userId,
    threepids,
    entry: isUsable ? { userId, displayName, threepids, reference: undefined } : undefined,
  };
}

function userIdOf(
  { username }: KeycloakUser,
  published: readonly string[],
  { usernameIsLocalpart, serverName, trustedServers }: KeycloakMapping,
): MatrixUserId | undefined {
  const [value, second] = published;
  if (second !== undefined) return undefined;
  if (value === undefined && !usernameIsLocalpart) return undefined;
  const named = value ?? username.toLowerCase();
  if (value?.startsWith('@') !== true) {
    const userId = `@${named}:${serverName}`;
    return LOCALPART.test(named) && isMatrixUserId(userId) ? userId : undefined;
  }
  if (!isMatrixUserId(value)) return undefined;
  return [serverName, ...trustedServers].includes(serverNameOf(value)) ? value : undefined;
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

/** A pass begins where none is under way. */
function nextPage(position: string | undefined): z.infer<typeof positionSchema> {
  const begun = { pass: randomUUID(), first: 0 };
  if (position === undefined || position === '') return begun;
  try {
    return positionSchema.safeParse(JSON.parse(position)).data ?? begun;
  } catch {
    return begun;
  }
}
