// The routes of the client-server API which the stub homeserver serves: the subset that the bridge uses.
import {
  putAccountData,
  putDevice,
  putProfileField,
  readAccountData,
  readProfile,
  readProfileField,
  register,
  whoami,
} from './accounts.ts';
import { ping } from './appservice.ts';
import { createRoom, readCapabilities } from './create-room.ts';
import { deleteAlias, putAlias, readListing, putListing, resolveAlias } from './directory.ts';
import { changeOther, join, leave } from './membership.ts';
import type { RequestKind } from './request-counts.ts';
import type { Handler } from './requests.ts';
import { ok } from './requests.ts';
import { putState, readState, readStateEvent } from './room-state.ts';
import { readEvent, readMessages, redactEvent, sendEvent, sync } from './timeline.ts';
import { download, fill, mediaLimits, reserve, upload } from './media.ts';

/** A route, its pattern without what all have in common. */
export interface Route {
  readonly operation: string;
  readonly kind: RequestKind;
  readonly method: string;
  readonly handler: Handler;
  /** Answered without a token. */
  readonly isOpen: boolean;
  readonly isRegistration: boolean;
  /** The body is no JSON. */
  readonly isUpload: boolean;
  readonly segments: readonly string[];
}

/** A route with the values of its variables. */
export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

const PREFIX = '/_matrix/client/v3';
const SPEC_VERSIONS = ['v1.11', 'v1.12', 'v1.13', 'v1.14', 'v1.15'];

const ROUTES: readonly Route[] = [
  route('GET', '/_matrix/client/versions', () => ok({ versions: SPEC_VERSIONS, unstable_features: {} }), {
    isOpen: true,
  }),
  route('POST', '/register', register, { isRegistration: true }),
  route('GET', '/account/whoami', whoami),
  route('GET', '/capabilities', readCapabilities),
  route('PUT', '/devices/{deviceId}', putDevice),
  route('GET', '/user/{userId}/account_data/{type}', readAccountData),
  route('PUT', '/user/{userId}/account_data/{type}', putAccountData),
  route('GET', '/profile/{userId}', readProfile),
  route('GET', '/profile/{userId}/{field}', readProfileField),
  route('PUT', '/profile/{userId}/{field}', putProfileField),
  route('POST', '/createRoom', createRoom),
  route('GET', '/directory/room/{alias}', resolveAlias, { isOpen: true }),
  route('PUT', '/directory/room/{alias}', putAlias),
  route('DELETE', '/directory/room/{alias}', deleteAlias),
  route('GET', '/directory/list/room/{roomId}', readListing, { isOpen: true }),
  route('PUT', '/directory/list/room/{roomId}', putListing),
  route('GET', '/rooms/{roomId}/state', readState),
  route('GET', '/rooms/{roomId}/state/{type}', readStateEvent),
  route('GET', '/rooms/{roomId}/state/{type}/{key}', readStateEvent),
  route('PUT', '/rooms/{roomId}/state/{type}', putState),
  route('PUT', '/rooms/{roomId}/state/{type}/{key}', putState),
  route('POST', '/join/{roomId}', join),
  route('POST', '/rooms/{roomId}/join', join),
  route('POST', '/rooms/{roomId}/leave', leave),
  route('POST', '/rooms/{roomId}/invite', changeOther('invite')),
  route('POST', '/rooms/{roomId}/kick', changeOther('kick')),
  route('POST', '/rooms/{roomId}/ban', changeOther('ban')),
  route('POST', '/rooms/{roomId}/unban', changeOther('unban')),
  route('PUT', '/rooms/{roomId}/redact/{eventId}/{txnId}', redactEvent),
  route('PUT', '/rooms/{roomId}/send/{type}/{txnId}', sendEvent),
  route('GET', '/rooms/{roomId}/messages', readMessages),
  route('GET', '/rooms/{roomId}/event/{eventId}', readEvent),
  route('GET', '/sync', sync),
  route('POST', '/_matrix/client/v1/appservice/{id}/ping', ping, { kind: 'read' }),
  route('POST', '/_matrix/media/v3/upload', upload, { isUpload: true }),
  route('POST', '/_matrix/media/v1/create', reserve),
  route('PUT', '/_matrix/media/v3/upload/{server}/{mediaId}', fill, { isUpload: true }),
  route('GET', '/_matrix/client/v1/media/download/{server}/{mediaId}', download),
  route('GET', '/_matrix/client/v1/media/config', mediaLimits),
];

const BY_LENGTH = Map.groupBy(ROUTES, ({ segments }) => segments.length);

/** Finds the route of a path. `other` is one with another method only; undefined: there is none at all. */
export function findRoute(method: string, pathname: string): Match | 'other' | undefined {
  const given = pathname.split('/');
  const fitting = (BY_LENGTH.get(given.length) ?? []).filter(({ segments }) =>
    segments.every((segment, index) => segment.startsWith('{') || segment === given[index]),
  );
  const found = fitting.find((candidate) => candidate.method === method);
  if (found === undefined) return fitting.length > 0 ? 'other' : undefined;
  const params = found.segments.flatMap((segment, index) =>
    segment.startsWith('{') ? [[segment.slice(1, -1), decodeURIComponent(given[index] ?? '')] as const] : [],
  );
  return { route: found, params: Object.fromEntries(params) };
}

function route(
  method: string,
  pattern: string,
  handler: Handler,
  options: Partial<Pick<Route, 'kind' | 'isOpen' | 'isRegistration' | 'isUpload'>> = {},
): Route {
  const path = pattern.startsWith('/_matrix') ? pattern : `${PREFIX}${pattern}`;
  return {
    operation: `${method} ${pattern}`,
    kind: method === 'GET' ? 'read' : 'write',
    method,
    handler,
    isOpen: false,
    isRegistration: false,
    isUpload: false,
    segments: path.split('/'),
    ...options,
  };
}
