// The keys of `identity` for directories of people, and for the sources of organisations' homeservers.
import { z } from 'zod';
import { inMilliseconds } from './durations.ts';
import { count, flag, httpUrl, secret, seconds, serverName } from './fields.ts';

const ura = z.string().regex(/^\d{8}$/, 'expected a URA number of 8 digits');
const code = z.string().min(1);

/** PEM, as a rule by the path of a file: `keyFile`. */
const pem = z
  .string()
  .regex(/^-----BEGIN /, 'expected PEM')
  .optional()
  .meta({ secret: true });
const path = z.string().min(1).optional();

/** What all servers have in common. Each secret can also be given as the path of a file: `bearerTokenFile`. */
const server = {
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,31}$/, 'expected a name such as care-1, at most 32 long'),
  baseUrl: httpUrl('Where the server is.'),
  allowPrivateAddresses: flag('Whether it may be on a private network, and speak plain http.', false),
  timeoutSeconds: seconds('How long a question may take.', 1),
  ...{ ca: pem, caFile: path, cert: pem, certFile: path, key: pem, keyFile: path },
};

const bearer = { bearerToken: secret('Its bearer token.').optional(), bearerTokenFile: path };

/** What all directories on servers have in common. */
const synced = {
  sync: flag('Whether its people are kept in the local table, where hashed look-ups find them.', true),
  syncSeconds: seconds('How often it is read.', 60),
};

const mcsd = z.strictObject({
  kind: z.literal('mcsd'),
  ...server,
  ...bearer,
  ...synced,
  overlapSeconds: seconds('How far each reading of changes goes back before the last.', 120),
  passHours: count('How often everyone is read anew.', { fallback: 24, max: 8_760 }),
  trustedServers: z.array(serverName).default([]),
  authoritativeFor: z
    .union([z.literal('all'), z.array(ura)], 'expected all, or URA numbers of 8 digits')
    .default([]),
  believePublished: flag('Whether the homeserver that an organisation publishes itself is believed.', false),
});

const keycloak = z.strictObject({
  kind: z.literal('keycloak'),
  ...server,
  ...synced,
  realm: z.string().min(1),
  clientId: z.string().min(1),
  clientSecret: secret('The client’s secret.').optional(),
  clientSecretFile: path,
  passwordClientId: z.string().min(1).optional(),
  passwordClientSecret: secret('The secret of the client for passwords.').optional(),
  passwordClientSecretFile: path,
  attributes: z
    .strictObject({
      uziNr: z.string().min(1).default('uziNr'),
      uraNr: z.string().min(1).default('uraNr'),
      roleCode: z.string().min(1).default('roleCode'),
      matrixId: z.string().min(1).default('matrixId'),
    })
    .prefault({}),
  usernameIsLocalpart: flag('Whether usernames are localparts where no attribute says otherwise.', false),
  trustedServers: z.array(serverName).default([]),
});

const directory = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('local') }),
  mcsd.transform(inMilliseconds),
  keycloak.transform(inMilliseconds),
]);

const addressing = z.strictObject({
  kind: z.literal('addressing'),
  ...server,
  ...bearer,
  connectionTypes: z.array(code).default([]),
  payloadTypes: z.array(code).default([]),
});

const nuts = z.strictObject({
  kind: z.literal('nuts'),
  ...server,
  serviceId: code,
  credentialPath: z.string().regex(/^[\w.]+$/, 'expected a path such as organization.ura'),
  parameter: code,
});

const homeserverSource = z.discriminatedUnion('kind', [
  addressing.transform(inMilliseconds),
  nuts.transform(inMilliseconds),
]);

/** The keys. */
export const directories = {
  directories: z
    .array(directory)
    .prefault([{ kind: 'local' }])
    .meta({
      description:
        'Directories in the order in which they are asked, each of kind local, mcsd or keycloak; [their keys](directories.md#configuration).',
    }),
  directoriesBudgetSeconds: seconds('How long all directories together may take for one question.', 1.5),
  directoriesAgreement: z.enum(['first', 'all']).default('first').meta({
    description: 'Whether the first directory that knows decides, or all that know have to say the same.',
  }),
  requireReliableAttributes: flag(
    'Whether the port counts as not ready while Keycloak lacks attributes that people are looked up by, or lets users write their own.',
    true,
  ),
  homeserversByUra: z.record(ura, serverName).default({}).meta({
    description: 'The homeservers of organisations by URA number. No other source overrules it.',
  }),
  homeserverSources: z.array(homeserverSource).prefault([]).meta({
    description:
      'Who else is asked for them, in this order: an addressing directory (kind addressing) or your Nuts node (kind nuts); [their keys](directories.md#configuration).',
  }),
  publishToOwnFhir: flag(
    'Whether the bridge’s FHIR server (fhir.baseUrl) is your own directory, where it writes the addresses of the ghosts that it registers for practitioners.',
    false,
  ),
  homeserverMinutes: count('How long the homeserver of an organisation is kept.', {
    ...{ fallback: 60, max: 10_080 },
  }),
};

type Directories = Pick<z.infer<z.ZodObject<typeof directories>>, 'directories' | 'homeserverSources'>;

/** The faults of values that do not fit together. */
export function* directoriesFaults(settings: Directories): Generator<string> {
  const { directories: all, homeserverSources: sources } = settings;
  const names = [...all, ...sources].map((one) => (one.kind === 'local' ? 'local' : one.name));
  for (const name of [...names, 'peppers'].filter((one, index, list) => list.indexOf(one) !== index))
    yield `directories: got the name "${name}" twice, or for what has it already`;
  for (const [index, one] of all.entries())
    for (const fault of serverFaults(one)) yield `directories.${index}.${fault}`;
  for (const [index, one] of sources.entries())
    for (const fault of serverFaults(one)) yield `homeserverSources.${index}.${fault}`;
}

function* serverFaults(one: Directories[keyof Directories][number]): Generator<string> {
  if (one.kind === 'local') return;
  if (!one.allowPrivateAddresses && !one.baseUrl.startsWith('https:'))
    yield 'baseUrl: expected https, or allowPrivateAddresses';
  if ((one.cert === undefined) !== (one.key === undefined)) yield 'cert: expected it together with key';
  switch (one.kind) {
    case 'mcsd':
      if (one.trustedServers.length + one.authoritativeFor.length === 0)
        yield 'authoritativeFor: got none, nor any trustedServers: no address of its would be believed';
      return;
    case 'keycloak':
      if (one.clientSecret === undefined) yield 'clientSecret: got nothing, nor a clientSecretFile';
      if ((one.passwordClientId === undefined) !== (one.passwordClientSecret === undefined))
        yield 'passwordClientId: expected it together with passwordClientSecret';
      return;
    case 'addressing':
      if (one.connectionTypes.length + one.payloadTypes.length === 0)
        yield 'connectionTypes: got none, nor any payloadTypes: no Endpoint would be a homeserver';
      return;
    case 'nuts':
  }
}
