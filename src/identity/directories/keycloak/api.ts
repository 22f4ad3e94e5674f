// Keycloak's Admin REST API as the bridge uses it: a token kept while it lasts, and users as they come back.
import { z } from 'zod';
import type { Clock } from '../../../domain/clock.ts';
import { BridgeError } from '../../../telemetry/errors.ts';
import type { DirectoryAnswer, DirectoryServer } from '../directory-server.ts';
import { statusError } from '../directory-server.ts';

/** A confidential client of the realm. */
export interface KeycloakClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

const userSchema = z.looseObject({
  id: z.string().min(1),
  username: z.string(),
  enabled: z.boolean().optional(),
  email: z.string().optional(),
  emailVerified: z.boolean().optional(),
  firstName: z.string().optional(),
  lastName: z.string().optional(),
  attributes: z.record(z.string(), z.array(z.string())).optional(),
});

/** A user of the realm, with its attributes. */
export type KeycloakUser = z.infer<typeof userSchema>;

const profileSchema = z.looseObject({
  attributes: z
    .array(
      z.looseObject({
        name: z.string(),
        permissions: z.looseObject({ edit: z.array(z.string()).optional() }).optional(),
      }),
    )
    .optional(),
  unmanagedAttributePolicy: z.string().optional(),
});
const tokenSchema = z.looseObject({
  access_token: z.string().min(1),
  expires_in: z.number(),
  refresh_token: z.string().optional(),
});

interface Deps {
  readonly server: DirectoryServer;
  readonly realm: string;
  readonly client: KeycloakClient;
  readonly clock: Clock;
}

export interface KeycloakApi {
  /** A list of users; `query` is the query string's parameters. */
  readonly users: (
    query: readonly (readonly [string, string])[],
    signal: AbortSignal,
  ) => Promise<readonly KeycloakUser[]>;
  readonly user: (id: string, signal: AbortSignal) => Promise<KeycloakUser | undefined>;
  /** Of these attributes, those that only administrators can write, and that searches do not ignore. */
  readonly reliableAttributes: (
    names: readonly string[],
    signal: AbortSignal,
  ) => Promise<ReadonlySet<string>>;
  /** The id of the user with this login and password; undefined when they do not fit. */
  readonly checkPassword: (
    client: KeycloakClient,
    login: string,
    password: string,
    signal: AbortSignal,
  ) => Promise<string | undefined>;
}

/** How long before its end a token is renewed, at most half its life. */
const RENEW_EARLY_MS = 30_000;
/** Policies under which only administrators write attributes that the user profile does not declare. */
const SAFE_POLICIES: readonly string[] = ['ADMIN_EDIT', 'ADMIN_VIEW'];

/** Speaks to the Admin REST API of one realm (https://www.keycloak.org/docs-api/latest/rest-api/index.html). */
export function createKeycloakApi({ server, realm, client, clock }: Deps): KeycloakApi {
  const realmPath = `realms/${encodeURIComponent(realm)}`;
  const tokens = createTokens({ server, realmPath, client, clock });

  async function get(operation: string, path: string, signal: AbortSignal): Promise<DirectoryAnswer> {
    const ask = async (token: string): Promise<DirectoryAnswer> =>
      server.request({
        ...{ operation, method: 'GET', path: `admin/${realmPath}/${path}`, signal },
        headers: { Authorization: `Bearer ${token}` },
      });
    const token = await tokens.get();
    const answer = await ask(token);
    if (answer.status !== 401) return answer;
    // Revoked before its time, such as by a restart of Keycloak.
    tokens.forget(token);
    return ask(await tokens.get());
  }

  return {
    async users(query, signal) {
      const params = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value]));
      const answer = await get('list users', `users?${params.toString()}`, signal);
      return checked(server, 'list users', answer, z.array(userSchema));
    },
    async user(id, signal) {
      const answer = await get('read user', `users/${encodeURIComponent(id)}`, signal);
      return answer.status === 404 ? undefined : checked(server, 'read user', answer, userSchema);
    },
    async reliableAttributes(names, signal) {
      const answer = await get('read profile', 'users/profile', signal);
      const profile = checked(server, 'read profile', answer, profileSchema);
      const declared = new Map((profile.attributes ?? []).map((attribute) => [attribute.name, attribute]));
      const isReliable = (name: string): boolean => {
        const attribute = declared.get(name);
        if (attribute === undefined) return SAFE_POLICIES.includes(profile.unmanagedAttributePolicy ?? '');
        return !(attribute.permissions?.edit ?? []).includes('user');
      };
      return new Set(names.filter(isReliable));
    },
    checkPassword: (passwordClient, login, password, signal) =>
      checkPassword({ server, realmPath }, passwordClient, { login, password }, signal),
  };
}

interface Token {
  readonly value: Promise<string>;
  /** Known as soon as it is there. */
  text?: string;
  /** By the monotonic clock. */
  renewAt: number;
}

/** A token for all requests: fetched once however many ask, and again shortly before it ends. */
function createTokens({
  server,
  realmPath,
  client,
  clock,
}: Pick<Deps, 'server' | 'client' | 'clock'> & { realmPath: string }) {
  let current: Token | undefined;

  function fetchToken(): Token {
    const token: Token = { renewAt: Number.POSITIVE_INFINITY, value: load() };
    async function load(): Promise<string> {
      const begun = clock.monotonicMs();
      try {
        const form = [['grant_type', 'client_credentials'], ...credentials(client)] as const;
        // The first to ask may give up while others still wait.
        const signal = new AbortController().signal;
        const answer = await server.request({ ...tokenRequest(realmPath, 'get token', form), signal });
        if (answer.status === 400) throw new BridgeError('directory-token', `${server.name} get token: 400`);
        const { access_token: value, expires_in: seconds } = checked(
          server,
          'get token',
          answer,
          tokenSchema,
        );
        token.text = value;
        token.renewAt = begun + seconds * 1000 - Math.min(RENEW_EARLY_MS, seconds * 500);
        return value;
      } catch (error) {
        if (current === token) current = undefined;
        throw error;
      }
    }
    return token;
  }

  return {
    get(): Promise<string> {
      if (current === undefined || clock.monotonicMs() >= current.renewAt) current = fetchToken();
      return current.value;
    },
    /** Drops a token that was refused, unless another took its place. */
    forget(refused: string): void {
      if (current?.text === refused) current = undefined;
    },
  };
}

async function checkPassword(
  { server, realmPath }: { server: DirectoryServer; realmPath: string },
  client: KeycloakClient,
  { login, password }: { login: string; password: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const form = [
    ['grant_type', 'password'],
    ...credentials(client),
    ['scope', 'openid'],
    ['username', login],
    ['password', password],
  ] as const;
  const answer = await server.request({ ...tokenRequest(realmPath, 'check password', form), signal });
  const refusal = z.looseObject({ error: z.string() }).safeParse(answer.body).data?.error;
  if ((answer.status === 400 || answer.status === 401) && refusal === 'invalid_grant') return undefined;
  if (refusal === 'unauthorized_client' || refusal === 'invalid_client') {
    throw new BridgeError('directory-token', `${server.name} check password: ${answer.status} ${refusal}`);
  }
  const tokens = checked(server, 'check password', answer, tokenSchema);
  await endSession({ server, realmPath }, client, tokens.refresh_token);
  return subjectOf(tokens.access_token);
}

/** The password was asked after, not a session. That it stays open until it times out is no reason to refuse the login. */
async function endSession(
  { server, realmPath }: { server: DirectoryServer; realmPath: string },
  client: KeycloakClient,
  refreshToken: string | undefined,
): Promise<void> {
  if (refreshToken === undefined) return;
  const form = [...credentials(client), ['refresh_token', refreshToken] as const];
  const signal = new AbortController().signal;
  const request = tokenRequest(realmPath, 'end session', form, 'logout');
  await server.request({ ...request, signal }).catch(() => undefined);
}

const credentials = ({ clientId, clientSecret }: KeycloakClient) =>
  [
    ['client_id', clientId],
    ['client_secret', clientSecret],
  ] as const;

const tokenRequest = (
  realmPath: string,
  operation: string,
  form: readonly (readonly [string, string])[],
  endpoint = 'token',
) => ({
  ...{ operation, form, method: 'POST' as const },
  path: `${realmPath}/protocol/openid-connect/${endpoint}`,
});

/** The subject of a token that came straight from its issuer. */
function subjectOf(jwt: string): string | undefined {
  try {
    const payload: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return z.looseObject({ sub: z.string() }).safeParse(payload).data?.sub;
  } catch {
    return undefined;
  }
}

function checked<Schema extends z.ZodType>(
  server: DirectoryServer,
  operation: string,
  { status, body }: DirectoryAnswer,
  schema: Schema,
): z.infer<Schema> {
  const error = statusError(server, operation, status);
  if (error !== undefined) throw error;
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  // Which elements are wrong may be told, what is in them may not.
  throw new BridgeError('directory-answer', `${server.name} ${operation}: not the expected JSON`);
}
