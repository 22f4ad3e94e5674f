// The section `identity`: the second port, its two APIs, and the checks that it is never open by mistake.
import { isIP } from 'node:net';
import { z } from 'zod';
import { directories, directoriesFaults } from './directories.ts';
import { inMilliseconds } from './durations.ts';
import { count, flag, httpUrl, secret, serverName } from './fields.ts';

const path = z.string().min(1);
const network = z.string().refine(isNetwork, 'expected a network such as 10.1.0.0/16, or an address');

const signingKey = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]{43}=?$/, 'expected 32 bytes in base64: openssl rand -base64 32');

/** With two leap days among them. */
const FIVE_YEARS_DAYS = 1_827;

/** How often something may be asked for. */
const perMinute = (description: string, fallback: number) => count(description, { fallback, max: 1_000_000 });

const listener = {
  enabled: flag('Whether to listen for questions of identity at all.', false),
  host: z.string().default('127.0.0.1').meta({ description: 'Address to listen on.' }),
  port: count('Port to listen on.', { fallback: 3003, max: 65_535, min: 0 }),
  trustedProxies: z.array(network).default([]).meta({
    description: 'Networks of your own proxies, whose X-Forwarded-For is believed.',
  }),
  tlsCertFile: path.optional().meta({
    description:
      'File with the certificate (PEM), where no proxy ends TLS. It is read again when it changes.',
  }),
  tlsKeyFile: path.optional().meta({ description: 'File with the key that goes with it.' }),
  tlsClientCaFile: path.optional().meta({
    description: 'File with the authority of client certificates, which client-certificate needs.',
  }),
};

const backend = {
  backendAuth: z.enum(['off', 'bearer', 'path-secret', 'client-certificate', 'network']).default('off').meta({
    description:
      'How ma1sd shows that it may call its REST backend: a bearer token (which a proxy adds), a path /k/<secret>, a client certificate (with tlsClientCaFile), or its network alone.',
  }),
  backendSecret: secret('The secret of bearer and path-secret.').optional(),
  previousBackendSecret: secret('The secret before this one, accepted as well while you rotate.').optional(),
  clientCertificates: z.array(z.string().min(1)).default([]).meta({
    description:
      'The client certificates that may call the backend: SHA-256 fingerprints (AB:CD:…) or subjects (CN=ma1sd,O=Care).',
  }),
  allowedNetworks: z.array(network).default([]).meta({
    description: 'Networks from which the backend may be called; none allows this machine only.',
  }),
  legacyShapes: flag('Answer in the shapes of the June 2025 guide, which ma1sd itself cannot read.', false),
  passwordLogin: flag('Whether the backend checks passwords. Sign in by OIDC instead.', false),
  profiles: flag('Whether the backend tells names, identifiers and roles of a user.', false),
  searchPatients: flag('Whether searches find patients and relatives too.', false),
  bulkLimit: count('Identifiers in one bulk look-up of the backend.', { fallback: 100, max: 500 }),
  backendLookupsPerMinute: perMinute(
    'Identifiers that one caller of the backend may ask in a minute.',
    1_200,
  ),
};

const service = {
  service: flag('Whether to serve the Matrix Identity Service API v2.', true),
  publicUrl: httpUrl(
    'Where clients and homeservers reach the identity server, by TLS. Invitations carry it for good; without it no one is invited by address.',
  ).optional(),
  homeservers: z
    .array(
      z.strictObject({ serverName, baseUrl: httpUrl('Where its federation API is reached.').optional() }),
    )
    .default([])
    .meta({
      description:
        'Homeservers besides your own whose users may register, each with the base URL of its federation API unless that is to be discovered.',
    }),
  media: z
    .array(z.enum(['email', 'uzi_nr', 'ura_nr', 'role_code']))
    .default(['email', 'uzi_nr'])
    .meta({ description: 'What people can be looked up by; URA numbers and roles belong to many.' }),
  plainLookups: flag('Whether clients may look up addresses unhashed, in all directories.', false),
  lookupLimit: count('Addresses in one look-up.', { fallback: 50, max: 1_000 }),
  lookupsPerMinute: perMinute('Addresses that one user may look up in a minute.', 60),
  lookupsPerDay: count('Addresses that one user may look up in a day.', {
    fallback: 1_000,
    max: 100_000_000,
  }),
  registrationsPerMinute: perMinute('Registrations from one address in a minute.', 30),
  invitesPerMinute: perMinute('Invitations to addresses that one user may store in a minute.', 30),
  pepperHours: count('How long a pepper of hashed look-ups is announced.', { fallback: 24, max: 720 }),
  pepperGraceMinutes: count('How long the pepper before is accepted.', { fallback: 15, max: 1_440 }),
  tokenHours: count('How long an account’s token is good.', { fallback: 24, max: 8_760 }),
  policies: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[a-z0-9_]+$/, 'expected an id such as privacy_policy'),
        version: z.string(),
        language: z.string().regex(/^(?!version$)[a-zA-Z-]+$/, 'expected a language such as nl'),
        name: z.string(),
        url: z.url(),
      }),
    )
    .default([])
    .meta({ description: 'Terms that users must accept first, one entry for each language.' }),
  signingKey: signingKey.optional().meta({
    description:
      'Key that signs invitations: 32 random bytes in base64. Without it no one is invited by address; losing it voids what was stored.',
    secret: true,
  }),
  previousSigningKey: signingKey.optional().meta({
    description: 'The signing key before this one: rooms that carry it are still answered for.',
    secret: true,
  }),
  inviteDays: count('Days that an invitation waits for its invitee.', { fallback: 30, max: 365 }),
  inviteCheckSeconds: count('How often the directories are asked after each invitee.', {
    fallback: 60,
    max: 86_400,
  }),
  auditDays: count(
    'Days that the bridge itself keeps the look-ups, besides their AuditEvents. The law asks for five years at least.',
    { fallback: FIVE_YEARS_DAYS, max: 36_500 },
  ),
};

/** The section's schema. */
export const identity = z
  .strictObject({ ...listener, ...backend, ...service, ...directories })
  .transform(inMilliseconds);

type Identity = z.infer<typeof identity>;

/** The faults of values that do not fit together. A backend that is open to all is refused before it listens. */
export function* identityFaults(settings: Identity): Generator<string> {
  if (!settings.enabled) return;
  for (const faults of [backendFaults, tlsFaults, serviceFaults, directoriesFaults])
    for (const fault of faults(settings)) yield `identity.${fault}`;
}

function* backendFaults(settings: Identity): Generator<string> {
  const { backendAuth, backendSecret, allowedNetworks } = settings;
  switch (backendAuth) {
    case 'off':
      if (!settings.service) yield 'backendAuth: got "off", expected it or identity.service to be on';
      return;
    case 'bearer':
      if (backendSecret === undefined) yield 'backendSecret: got nothing, but backendAuth is bearer';
      return;
    case 'path-secret':
      if (![backendSecret, settings.previousBackendSecret ?? backendSecret].every(isPathPart))
        yield 'backendSecret: expected only letters, digits and -._~ where backendAuth is path-secret';
      return;
    case 'client-certificate':
      if (settings.clientCertificates.length === 0)
        yield 'clientCertificates: got none, but backendAuth is client-certificate';
      if (settings.tlsClientCaFile === undefined)
        yield 'tlsClientCaFile: got nothing, but backendAuth is client-certificate';
      return;
    case 'network':
      if (allowedNetworks.length === 0 || allowedNetworks.some(isOpenToAll))
        yield 'allowedNetworks: expected the networks of ma1sd, for with backendAuth network they are all that protects';
  }
}

function* tlsFaults({ backendAuth, tlsCertFile, tlsKeyFile, tlsClientCaFile }: Identity): Generator<string> {
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined))
    yield 'tlsCertFile: expected it together with tlsKeyFile';
  if (tlsClientCaFile === undefined) return;
  if (tlsCertFile === undefined) yield 'tlsClientCaFile: expected it together with tlsCertFile';
  if (backendAuth !== 'client-certificate')
    yield `tlsClientCaFile: expected it only where backendAuth is client-certificate, got "${backendAuth}"`;
}

function* serviceFaults(settings: Identity): Generator<string> {
  const { lookupLimit, lookupsPerMinute, lookupsPerDay, publicUrl, tlsCertFile, trustedProxies } = settings;
  const isBehindProxy = publicUrl?.startsWith('https:') === true && tlsCertFile === undefined;
  if (settings.service && isBehindProxy && trustedProxies.length === 0)
    yield 'trustedProxies: got none, but a proxy ends the TLS of publicUrl; all who come through it would share one limit';
  if (lookupsPerMinute < lookupLimit || lookupsPerDay < lookupLimit)
    yield 'lookupLimit: expected no more than lookupsPerMinute and lookupsPerDay';
}

function isNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** Halves of the internet are as open as all of it. */
const isOpenToAll = (text: string): boolean => Number(text.split('/')[1] ?? '128') < 4;

const isPathPart = (text: string | undefined): boolean =>
  text !== undefined && /^[A-Za-z0-9\-._~]+$/.test(text);
