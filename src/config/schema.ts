// The one schema of the configuration: types, validation, sample file, JSON schema and reference page come from it.
import { z } from 'zod';

/** A secret: 16 characters at least, never printed. Give it in the environment as `…_FILE` where you can. */
const secret = (description: string): z.ZodString =>
  z.string().min(16, 'expected at least 16 characters').meta({ description, secret: true });

const httpUrl = (description: string): z.ZodURL =>
  z
    .url({ protocol: /^https?$/, error: 'expected an http or https URL' })
    .overwrite((url) => url.replace(/\/+$/, ''))
    .meta({ description });

const serverName = z
  .string()
  .regex(/^[A-Za-z0-9.\-:[\]]+$/, 'expected a Matrix server name such as example.org or example.org:8448');

const seconds = (description: string, fallback: number): z.ZodDefault<z.ZodNumber> =>
  z.number().positive().max(86_400).default(fallback).meta({ description });

const localpart = z.string().regex(/^[a-z0-9._=/+-]+$/, 'expected a user localpart in lower case');

const neutralName = (description: string, fallback: string): z.ZodDefault<z.ZodString> =>
  z
    .string()
    .max(50)
    .refine(
      (name) => !/\{(?!date\})/.test(name),
      'expected no variable but {date}: names carry no patient data',
    )
    .default(fallback)
    .meta({ description });

const matrix = z.strictObject({
  homeserverUrl: httpUrl('Where the bridge reaches the homeserver.'),
  serverName: serverName.meta({
    description: 'The homeserver’s name: what follows the colon in its users’ ids.',
  }),
  appserviceUrl: httpUrl('Where the homeserver reaches the bridge; it stands in registration.yaml.').default(
    'http://localhost:3000',
  ),
  asToken: secret('The as_token of registration.yaml: the bridge shows it to the homeserver.'),
  hsToken: secret('The hs_token of registration.yaml: the homeserver shows it to the bridge.'),
  previousHsToken: secret('The hs_token before this one, accepted as well while you rotate.').optional(),
  botLocalpart: localpart.default('_fhir_bot').meta({
    description:
      'The bridge’s own user. It makes the rooms and is in all of them; it must begin with ghostPrefix.',
  }),
  ghostPrefix: localpart.default('_fhir_').meta({
    description: 'How the localparts of ghosts begin: the namespace that the registration claims.',
  }),
  roomVersion: z.string().default('12').meta({
    description: 'Version of new rooms. 11 for federations with homeservers that do not know 12 yet.',
  }),
  trustedServers: z.array(serverName).default([]).meta({
    description: 'Homeservers besides your own whose addresses in FHIR telecom are believed.',
  }),
  spaceName: neutralName('Name of a care team’s space.', 'Care team'),
  conversationName: neutralName(
    'Name of a conversation’s room; {date} is the request’s date.',
    'Conversation {date}',
  ),
  maxConcurrentRequests: z.number().int().min(1).max(64).default(8).meta({
    description: 'Requests to the homeserver at one time.',
  }),
  requestTimeoutSeconds: seconds('How long a request to the homeserver may take.', 30),
  syncIntervalSeconds: seconds('How often the homeserver is read when it pushes nothing.', 15),
});

const fhir = z.strictObject({
  baseUrl: httpUrl('The FHIR server’s base URL, such as http://localhost:8080/fhir.'),
  bearerToken: secret('Bearer token for the FHIR server.').optional(),
  hookUrl: httpUrl('Where the FHIR server reaches the bridge; Subscriptions carry it.').default(
    'http://localhost:3000',
  ),
  hookSecret: secret('Secret that Subscriptions carry in a header and the hooks demand.'),
  previousHookSecret: secret(
    'The hook secret before this one, accepted as well while you rotate.',
  ).optional(),
  subscriptions: z.boolean().default(true).meta({
    description: 'Whether to create rest-hook Subscriptions. Without them changes are seen at the next poll.',
  }),
  pollIntervalSeconds: seconds('How often each resource type is read when no hook rings.', 5),
  overlapSeconds: seconds(
    'How far each read goes back before the last one: at least the longest write transaction.',
    120,
  ),
  pageSize: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(200)
    .meta({ description: 'Resources per page of a read.' }),
  readFrom: z.enum(['now', 'beginning']).default('now').meta({
    description:
      'Where the very first start begins: with changes from now on, or with everything on the server.',
  }),
  idStrategy: z.enum(['client-assigned', 'server-assigned']).default('client-assigned').meta({
    description:
      'Whether the bridge chooses the ids of what it writes, or the server does (If-None-Exist then).',
  }),
  deliverPreparation: z.boolean().default(true).meta({
    description:
      'Whether Communications in status preparation are sent. Turn off where platforms keep drafts so.',
  }),
  sourceSystemExtension: z
    .string()
    .default('http://hl7.org/fhir/StructureDefinition/communication-source-system')
    .meta({ description: 'URL of the extension that marks records from Matrix; empty leaves it out.' }),
  requestTimeoutSeconds: seconds('How long a request to the FHIR server may take.', 20),
});

const people = z.strictObject({
  namePolicy: z.enum(['full', 'initials', 'role']).default('initials').meta({
    description: 'How patients and relatives are named in rooms. Professionals are named in full.',
  }),
  pseudonymizationKey: secret(
    'Key of the hashes in ghosts’ user ids. Never change it: every ghost would change.',
  ),
});

const inbox = z.strictObject({
  workers: z
    .number()
    .int()
    .min(1)
    .max(200)
    .default(20)
    .meta({ description: 'Conversations worked on at one time.' }),
  retryHours: z
    .number()
    .positive()
    .default(72)
    .meta({ description: 'Hours of trying before an item becomes a dead letter.' }),
  retentionDays: z.number().positive().default(7).meta({ description: 'Days that handled items are kept.' }),
});

/** The schema of the configuration file. */
export const configSchema = z.strictObject({
  listen: z
    .strictObject({
      host: z.string().default('0.0.0.0').meta({ description: 'Address to listen on.' }),
      port: z.number().int().min(0).max(65_535).default(3000).meta({ description: 'Port of all endpoints.' }),
    })
    .prefault({})
    .meta({ description: 'The HTTP listener.' }),
  database: z
    .strictObject({
      url: z
        .string()
        .regex(/^postgres(ql)?:\/\//, 'expected postgresql://user:password@host:port/database')
        .meta({ description: 'The bridge’s own database, without a transaction-mode pooler.', secret: true }),
      poolSize: z.number().int().min(3).max(200).default(10).meta({ description: 'Connections at most.' }),
    })
    .meta({ description: 'PostgreSQL 13 or newer.' }),
  matrix: matrix.meta({ description: 'The homeserver.' }),
  fhir: fhir.meta({ description: 'The FHIR R4 server.' }),
  people: people.meta({ description: 'How people appear in rooms.' }),
  inbox: inbox.prefault({}).meta({ description: 'The durable log.' }),
  log: z
    .strictObject({
      level: z
        .enum(['debug', 'info', 'warn', 'error'])
        .default('info')
        .meta({ description: 'Least level to print.' }),
    })
    .prefault({})
    .meta({ description: 'Logs are JSON lines on standard output, without personal data.' }),
  shutdown: z
    .strictObject({
      drainSeconds: z.number().min(0).max(60).default(5).meta({
        description:
          'After SIGTERM: how long requests are still taken, so that a load balancer can turn away.',
      }),
      graceSeconds: z.number().min(0).max(120).default(15).meta({
        description: 'How long work in hand may then take.',
      }),
    })
    .prefault({})
    .meta({ description: 'The end of the process.' }),
});

/** The configuration, complete with defaults. */
export type Config = z.infer<typeof configSchema>;
