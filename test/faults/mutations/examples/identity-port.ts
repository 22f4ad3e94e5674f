// One right request to each route of the identity port: the Identity Service API, and the backend of ma1sd.
import { BSN, EMAIL, FAMILY, SECRETS } from '../canaries.ts';
import type { RequestExample } from '../change-request.ts';
import type { IdentityUser } from '../identity-user.ts';
import type { Json } from '../../../../stack/stub-fhir/json.ts';

const V2 = '/_matrix/identity/v2';
const BACKEND = '/_ma1sd/backend/api/v1';
const KEY = 'XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI';

const identity = (route: string, target: string, over: Partial<RequestExample> = {}): RequestExample => ({
  ...{
    route: `identity ${route}`,
    listener: 'identity',
    method: route.split(' ')[0] ?? '',
    target,
    status: 200,
  },
  ...over,
});

const v2 = (route: string, target: string, over: Partial<RequestExample> = {}): RequestExample =>
  identity(route.replace(' ', ` ${V2}`), `${V2}${target}`, over);

const backend = (path: string, body: Json): RequestExample =>
  identity(`POST ${BACKEND}${path}`, `${BACKEND}${path}`, { body, secret: SECRETS.backendSecret });

const notOffered = (method: string, path: string): RequestExample =>
  v2(`${method} ${path}`, path, {
    status: 404,
    ...(method === 'POST' && { body: { email: EMAIL, client_secret: 'secret', send_attempt: 1, sid: '1' } }),
  });

const threepid = (address: string): Json => ({ medium: 'email', address });
const LOGIN: Json = {
  auth: {
    mxid: '@an:mutants.example',
    localpart: 'an',
    domain: 'mutants.example',
    password: `${FAMILY}${BSN}`,
  },
};
const PROFILE: Json = { mxid: '@an:mutants.example' };

/** The requests of a user. */
export function identityPort({ token: secret, pepper }: IdentityUser): readonly RequestExample[] {
  return [
    identity('GET /health', '/health'),
    identity('GET /health/ready', '/health/ready'),
    identity('GET /_matrix/identity/versions', '/_matrix/identity/versions'),
    identity(`GET ${V2}`, V2),
    v2('GET /account', '/account', { secret }),
    v2('POST /account/register', '/account/register', {
      body: {
        ...{ access_token: SECRETS.openId, token_type: 'Bearer', matrix_server_name: 'users.example' },
        expires_in: 3600,
      },
    }),
    // Without a token that is to be used again.
    v2('POST /account/logout', '/account/logout', { body: {}, status: 401 }),
    v2('GET /terms', '/terms'),
    v2('POST /terms', '/terms', { secret, body: { user_accepts: ['https://mutants.example/terms'] } }),
    v2('GET /hash_details', '/hash_details', { secret }),
    v2('POST /lookup', '/lookup', {
      secret,
      body: {
        algorithm: 'sha256',
        pepper,
        addresses: ['4kenr7N9drpCJ4AfalmlGQVsOn3o2RHjkADUpXJWZUc'],
      },
    }),
    v2('GET /pubkey/:keyId', '/pubkey/ed25519:0', { status: 404 }),
    v2('GET /pubkey/isvalid', `/pubkey/isvalid?public_key=${KEY}`),
    v2('GET /pubkey/ephemeral/isvalid', `/pubkey/ephemeral/isvalid?public_key=${KEY}`),
    v2('POST /store-invite', '/store-invite', {
      secret,
      body: {
        ...{
          medium: 'email',
          address: `other.${EMAIL}`,
          room_id: '!a:users.example',
          sender: '@an:users.example',
        },
      },
    }),
    ...['/validate/email/submitToken', '/validate/msisdn/submitToken', '/3pid/getValidated3pid'].map((path) =>
      notOffered('GET', path),
    ),
    ...['email', 'msisdn'].flatMap((medium) => [
      notOffered('POST', `/validate/${medium}/requestToken`),
      notOffered('POST', `/validate/${medium}/submitToken`),
    ]),
    ...['/3pid/bind', '/3pid/unbind', '/sign-ed25519'].map((path) => notOffered('POST', path)),
    backend('/auth/login', LOGIN),
    backend('/directory/user/search', { by: 'name', search_term: FAMILY }),
    backend('/identity/single', { lookup: threepid(EMAIL) }),
    backend('/identity/bulk', { lookup: [threepid(EMAIL), { medium: 'uzi_nr', address: BSN }] }),
    { ...backend('/profile/displayName', PROFILE), status: 404 },
    { ...backend('/profile/threepids', PROFILE), status: 404 },
    { ...backend('/profile/roles', PROFILE), status: 404 },
  ];
}
