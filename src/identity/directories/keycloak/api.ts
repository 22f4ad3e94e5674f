// Keycloak's Admin REST API as the bridge uses it: a token kept while it lasts, and users as they come back.
import { z } from 'zod';
import type { Clock } from '../../../domain/clock.ts';
import { encodeForm } from '../../../net/http.ts';
import { BridgeError } from '../../../telemetry/errors.ts';
import type { Query } from '../../../fhir/search.ts';
import type { DirectoryAnswer, DirectoryServer } from '../directory-server.ts';
import { readAnswer } from '../directory-server.ts';

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

/** Posts a form to an OpenID Connect endpoint of the realm. */
type PostForm = (
  operation: string,
  endpoint: 'token' | 'logout',
  form: Readonly<Record<string, string>>,
  signal?: AbortSignal,
) => Promise<DirectoryAnswer>;

export type KeycloakApi = ReturnType<typeof createKeycloakApi>;

/** How long before its end a token is renewed, at most half its life. */
const RENEW_EARLY_MS = 30_000;
/** Policies under which only administrators write attributes that the user profile does not declare. */
const SAFE_POLICIES: readonly string[] = ['ADMIN_EDIT', 'ADMIN_VIEW'];

/** Speaks to the Admin REST API of one realm (https://www.keycloak.org/docs-api/latest/rest-api/index.html). */
export function createKeycloakApi({ server, realm, client, clock }: Deps) {
  const realmPath = `realms/${encodeURIComponent(realm)}`;
  const postForm: PostForm = (operation, endpoint, form, signal) => {
    const path = `${realmPath}/protocol/openid-connect/${endpoint}`;
    return server.request({ operation, method: 'POST', path, form: Object.entries(form), signal });
  };
  const tokens = createTokens({ server, client, clock, postForm });

  async function get(operation: string, path: string, signal: AbortSignal): Promise<DirectoryAnswer> {
    const ask = async (token: string): Promise<DirectoryAnswer> =>
      server.request({
        ...{ operation, method: 'GET', path: `admin/${realmPath}/${path}`, signal },
        headers: { Authorization: `Bearer ${token}` },
      });
    const token = tokens.get();
    const answer = await ask(await token.value);
    if (answer.status !== 401) return answer;
    // Revoked before its time, such as by a restart of Keycloak.
    tokens.forget(token);
    return ask(await tokens.get().value);
  }

  return {
    async users(query: Query, signal: AbortSignal): Promise<readonly KeycloakUser[]> {
      const answer = await get('list users', `users?${encodeForm(query)}`, signal);
      return readAnswer(server, 'list users', answer, z.array(userSchema));
    },

    async user(id: string, signal: AbortSignal): Promise<KeycloakUser | undefined> {
      const answer = await get('read user', `users/${encodeURIComponent(id)}`, signal);
      return answer.status === 404 ? undefined : readAnswer(server, 'read user', answer, userSchema);
    },

    /** Of these attributes, those that only administrators can write, and that searches do not ignore. */
    async reliableAttributes(names: readonly string[], signal: AbortSignal): Promise<ReadonlySet<string>> {
      const answer = await get('read profile', 'users/profile', signal);
      const profile = readAnswer(server, 'read profile', answer, profileSchema);
      const declared = new Map((profile.attributes ?? []).map((attribute) => [attribute.name, attribute]));
      const isReliable = (name: string): boolean => {
        const attribute = declared.get(name);
        if (attribute === undefined) return SAFE_POLICIES.includes(profile.unmanagedAttributePolicy ?? '');
        return !(attribute.permissions?.edit ?? []).includes('user');
      };
      return new Set(names.filter(isReliable));
    },

    /** The id of the user with this login and password; undefined when they do not fit. */
    checkPassword: (passwordClient: KeycloakClient, login: string, password: string, signal: AbortSignal) =>
      checkPassword({ server, postForm }, passwordClient, { login, password }, signal),
  };
}

interface Token {
  readonly value: Promise<string>;
  /** By the monotonic clock. */
  renewAt: number;
}

/** A token for all requests: fetched once however many ask, and again shortly before it ends. */
function createTokens({ server, client, clock, postForm }: Omit<Deps, 'realm'> & { postForm: PostForm }) {
  let current: Token | undefined;

  /** Drops a token that was refused, or could not be fetched, unless another took its place. */
  function forget(token: Token): void {
    if (current === token) current = undefined;
  }

  function fetchToken(): Token {
    const token: Token = { renewAt: Number.POSITIVE_INFINITY, value: load() };
    async function load(): Promise<string> {
      const begun = clock.monotonicMs();
      try {
        const form = { grant_type: 'client_credentials', ...credentials(client) };
        // Without a signal: the first to ask may give up while others still wait.
        const answer = await postForm('get token', 'token', form);
        if (answer.status === 400) throw new BridgeError('directory-token', `${server.name} get token: 400`);
        const granted = readAnswer(server, 'get token', answer, tokenSchema);
        const { access_token: value, expires_in: seconds } = granted;
        token.renewAt = begun + seconds * 1000 - Math.min(RENEW_EARLY_MS, seconds * 500);
        return value;
      } catch (error) {
        forget(token);
        throw error;
      }
    }
    return token;
  }

  return {
    get(): Token {
      if (current === undefined || clock.monotonicMs() >= current.renewAt) current = fetchToken();
      return current;
    },
    forget,
  };
}

async function checkPassword(
  { server, postForm }: { server: DirectoryServer; postForm: PostForm },
  client: KeycloakClient,
  { login, password }: { login: string; password: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const form = { grant_type: 'password', ...credentials(client), scope: 'openid', username: login, password };
  const answer = await postForm('check password', 'token', form, signal);
  const refusal = z.looseObject({ error: z.string() }).safeParse(answer.body).data?.error;
  if ((answer.status === 400 || answer.status === 401) && refusal === 'invalid_grant') return undefined;
  if (refusal === 'unauthorized_client' || refusal === 'invalid_client') {
    throw new BridgeError('directory-token', `${server.name} check password: ${answer.status} ${refusal}`);
  }
  const { access_token, refresh_token } = readAnswer(server, 'check password', answer, tokenSchema);
  // The password was asked after, not a session. That it stays open until it times out is no reason to refuse the login.
  if (refresh_token !== undefined) {
    await postForm('end session', 'logout', { ...credentials(client), refresh_token }).catch(() => undefined);
  }
  return subjectOf(access_token);
}

const credentials = ({ clientId, clientSecret }: KeycloakClient) => ({
  client_id: clientId,
  client_secret: clientSecret,
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
