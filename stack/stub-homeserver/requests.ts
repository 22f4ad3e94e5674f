// A request to the stub homeserver, as its handlers see it: who asks, for what, with which body.
import type { Content, StoredFile, World } from './world.ts';
import { MatrixFailure, forbidden } from './failure.ts';

/** Who asks. */
export interface Requester {
  readonly userId: string;
  readonly deviceId: string | undefined;
  readonly isAppservice: boolean;
}

/** What handlers are given. */
export interface Call {
  readonly world: World;
  readonly appservice: Appservice;
  readonly requester: Requester;
  /** The path's variables, decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: Content;
  /** What is uploaded. */
  readonly file: StoredFile;
}

/** What handlers answer. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
  /** In place of the body. */
  readonly file?: StoredFile;
}

export type Handler = (call: Call) => Reply | Promise<Reply>;

/** The answer 200 with this body. */
export function ok(body: unknown = {}): Reply {
  return { status: 200, body };
}

/** What the stub knows of the bridge: the parts of its registration. */
export interface Appservice {
  readonly id: string;
  readonly asToken: string;
  /** Where it is pinged and pushed to; undefined when it is not. */
  readonly url: string | undefined;
  readonly hsToken: string;
  readonly sender: string;
  readonly isOwnUser: (userId: string) => boolean;
  readonly isOwnAlias: (alias: string) => boolean;
}

/** Finds who asks, with an appservice's masquerading. @throws MatrixFailure for unknown tokens, users and devices */
export function identify(
  world: World,
  appservice: Appservice,
  {
    authorization,
    query,
    isRegistering,
  }: {
    readonly authorization: string | undefined;
    readonly query: URLSearchParams;
    /** A user who is being registered is not there yet. */
    readonly isRegistering: boolean;
  },
): Requester {
  const token = authorization?.replace(/^Bearer /, '');
  if (token === undefined) throw new MatrixFailure(401, 'M_MISSING_TOKEN', 'Missing access token');
  if (token !== appservice.asToken) {
    const session = world.tokens.get(token);
    if (session === undefined) throw new MatrixFailure(401, 'M_UNKNOWN_TOKEN', 'Unknown access token');
    return { ...session, isAppservice: false };
  }
  const userId = query.get('user_id') ?? appservice.sender;
  const deviceId = query.get('device_id') ?? undefined;
  if (isRegistering || userId === appservice.sender) return { userId, deviceId, isAppservice: true };
  if (!appservice.isOwnUser(userId)) throw forbidden(`The appservice cannot masquerade as ${userId}`);
  const user = world.users.get(userId);
  if (user === undefined) throw forbidden(`The appservice has not registered ${userId}`);
  if (deviceId !== undefined && !user.devices.has(deviceId))
    throw new MatrixFailure(400, 'M_UNKNOWN_DEVICE', `${userId} has no device ${deviceId}`);
  return { userId, deviceId, isAppservice: true };
}

/** A path variable, which the route has. */
export function param({ params }: Call, name: string): string {
  return params[name] ?? '';
}

/** Reads a JSON body. @throws MatrixFailure unless it is an object */
export function parseBody(text: string, isOptional: boolean): Content {
  if (text === '' && isOptional) return {};
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new MatrixFailure(400, 'M_NOT_JSON', 'Content not JSON.');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new MatrixFailure(400, 'M_BAD_JSON', 'Content must be a JSON object.');
  return body as Content;
}
