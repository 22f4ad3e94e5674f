// The one schema of the configuration: types, validation, sample file, JSON schema and reference page come from it.
import { z } from 'zod';
import { parseReference } from '../domain/ids.ts';
import { attachments } from './attachments.ts';
import { audit } from './audit.ts';
import { inMilliseconds } from './durations.ts';
import { encryptionKeys } from './encryption-keys.ts';
import { count, flag, httpUrl, seconds, secret, serverName } from './fields.ts';
import { fhir } from './fhir.ts';
import { identity } from './identity.ts';
import { messages } from './messages.ts';
import { network } from './plain-http.ts';
import { powerLevels } from './power-levels.ts';
import { readState } from './read-state.ts';
import { retention } from './retention.ts';
import { roomKeys } from './rooms.ts';
import { strangers } from './strangers.ts';

const localpart = z.string().regex(/^[a-z0-9._=/+-]+$/, 'expected a user localpart in lower case');

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
  botName: z.string().min(1).max(100).default('Zorgplatform').meta({
    description: 'The name under which people see the bridge’s own user.',
  }),
  botAvatar: z
    .string()
    .regex(/^mxc:\/\/[^/]+\/[^/]+$/, 'expected an mxc:// URI')
    .optional()
    .meta({
      description: 'Its picture: the mxc:// URI of an upload. Without one the bridge draws a plain one.',
    }),
  ghostPrefix: localpart.default('_fhir_').meta({
    description: 'How the localparts of ghosts begin: the namespace of the registration.',
  }),
  trustedServers: z.array(serverName).default([]).meta({
    description:
      'Homeservers besides your own whose addresses in FHIR telecom are believed, and whose users may take part in rooms (strangers).',
  }),
  ...roomKeys,
  userMappings: z.enum(['off', 'professionals', 'all']).default('professionals').meta({
    description:
      'For whose ghosts custom.user_mappings is written: no one’s, those of professionals, or also those of patients and relatives. Users with accounts write their own.',
  }),
  userMappingEmail: flag(
    'Whether custom.user_mappings holds e-mail addresses, under userMappings all also those of patients and relatives. Every homeserver in the room reads them.',
    false,
  ),
  membership: z.enum(['follow', 'suggest', 'ignore']).default('follow').meta({
    description:
      'What becomes of members who join or leave in Matrix: follow writes it to the FHIR resource, suggest proposes it as a Task, ignore keeps to the FHIR resource.',
  }),
  userMadeRooms: z.enum(['follow', 'ignore']).default('follow').meta({
    description: 'Whether rooms that users make inside a care team’s space become CommunicationRequests.',
  }),
  adoptRoomsOf: z
    .array(z.string().regex(/^@[^:\s]+:\S+$/, 'expected a user id such as @bot:example.org'))
    .default([])
    .meta({
      description:
        'Users whose rooms are taken over where they stand under the alias of a CareTeam or CommunicationRequest: the bot of a bridge before this one. Rooms of members who may make them are taken over without this.',
    }),
  maxConcurrentRequests: count('Requests to the homeserver at one time.', { fallback: 8, max: 64 }),
  requestTimeoutSeconds: seconds('How long a request to the homeserver may take.', 30),
  trustPush: z.enum(['auto', 'off']).default('auto').meta({
    description:
      'Whether events that the homeserver pushes in an order that is certain are taken as they come; off reads /sync for each, for a homeserver behind a proxy that keeps connections of its own and does not say so.',
  }),
  syncIntervalSeconds: seconds(
    'How often /sync is read where nothing makes the order of what is pushed doubtful.',
    60,
  ),
});

const invitations = z.strictObject({
  context: z.enum(['off', 'space', 'conversation', 'both']).default('both').meta({
    description: 'Which invitations to other homeservers carry nl-ta-chat.invite.context.',
  }),
  tokenUrl: httpUrl(
    'Service that gives the pseudonym token of a patient for a homeserver. Without it the context names no patient.',
  ).optional(),
  resolverUrl: httpUrl('Service that tells which patient a received token stands for.').optional(),
  bearerToken: secret('Bearer token for both services.').optional(),
  timeoutSeconds: seconds('How long a request to either service may take.', 10),
});

const people = z.strictObject({
  namePolicy: z.enum(['full', 'initials', 'role']).default('initials').meta({
    description: 'How patients and relatives are named in rooms. Professionals are named in full.',
  }),
  pseudonymizationKey: secret(
    'Key of the hashes in ghosts’ user ids. Never change it: every ghost would change.',
  ),
  unknownSender: z.enum(['identifier', 'contained', 'placeholder', 'hold']).default('identifier').meta({
    description:
      'What becomes of a message whose sender FHIR does not know: recorded with their Matrix address as identifier, with a contained Practitioner, as senderPlaceholder, or held until FHIR knows them.',
  }),
  senderPlaceholder: z
    .string()
    .refine(
      (value) => parseReference(value)?.reference === value,
      'expected a reference such as Patient/unknown',
    )
    .optional()
    .meta({
      description:
        'The resource that stands for unknown senders (unknownSender: placeholder), such as Patient/hackathon-patient of the September 2025 guide. Only for demonstrations: a record then bears the name of another.',
    }),
  resolveByDirectory: flag(
    'Whether practitioners who have no account by their telecom or by person link get the one that identity.directories give for their UZI number, else their e-mail address.',
    false,
  ),
  ownAccounts: z.enum(['directory', 'operator', 'both-sides']).default('directory').meta({
    description:
      'Who says whose an account of your own homeserver is: the records of people, in the FHIR server and in identity.directories (directory); you alone, by person link (operator); or the records and the account itself, in the field custom.user_mappings of its profile (both-sides).',
  }),
  lenientTelecom: flag(
    'Whether telecom also gives Matrix addresses as an untagged @user:server of system other, and as https://matrix.to/#user:server. Only servers of matrix.trustedServers are believed, as ever.',
    false,
  ),
  mostPerRoom: count(
    'People in one space or room at most. A resource that names more is not carried out: it becomes a dead letter.',
    { fallback: 500, max: 10_000 },
  ),
  avatars: flag(
    'Whether ghosts show the photo of their resource. Patients and relatives do so only under the name policy full.',
    false,
  ),
});

const inbox = z.strictObject({
  workers: count(
    'Conversations worked on at one time. Changes of teams, people and rooms take half of them at most, and no more than half of matrix.maxConcurrentRequests, so that messages do not wait for them.',
    { fallback: 20, max: 200 },
  ),
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
      port: count(
        'Port of the appservice API, the hooks and the probes /health, /health/startup and /health/ready.',
        { fallback: 3000, max: 65_535, min: 0 },
      ),
    })
    .prefault({})
    .meta({ description: 'The listener for the homeserver, the FHIR server and probes.' }),
  ops: z
    .strictObject({
      host: z.string().default('127.0.0.1').meta({
        description:
          'Address to listen on. Open it to Prometheus and operators alone: it asks for no password.',
      }),
      port: count('Port of /metrics, /api/v1/queue/stats, and of /health with its details.', {
        ...{ fallback: 3001, max: 65_535, min: 0 },
      }),
      figuresSeconds: z.number().min(0).max(60).default(1).meta({
        description: 'How long figures from the database are kept, however many ask for them.',
      }),
    })
    .transform(inMilliseconds)
    .prefault({})
    .meta({ description: 'The listener for operators.' }),
  database: z
    .strictObject({
      url: z
        .string()
        .regex(/^postgres(ql)?:\/\//, 'expected postgresql://user:password@host:port/database')
        .meta({ description: 'The bridge’s own database, without a transaction-mode pooler.', secret: true }),
      poolSize: count('Connections at most.', { fallback: 10, max: 200, min: 3 }),
      encryptionKeys,
    })
    .meta({ description: 'PostgreSQL 13 or newer.' }),
  network: network.prefault({}).meta({ description: 'The network between the bridge and its servers.' }),
  matrix: matrix.meta({ description: 'The homeserver.' }).transform(inMilliseconds),
  fhir: fhir.meta({ description: 'The FHIR R4 server.' }).transform(inMilliseconds),
  messages: messages
    .transform(inMilliseconds)
    .prefault({})
    .meta({ description: 'How messages are recorded and shown.' }),
  people: people.meta({ description: 'How people appear in rooms.' }),
  powerLevels: powerLevels.prefault({}).meta({ description: 'Power levels in spaces and rooms.' }),
  strangers: strangers
    .prefault({})
    .meta({ description: 'Members of rooms whom neither FHIR nor a directory knows.' }),
  invitations: invitations
    .transform(inMilliseconds)
    .prefault({})
    .meta({ description: 'Invitations across homeservers, and what they say of the patient.' }),
  attachments: attachments
    .prefault({})
    .meta({ description: 'Files of messages: what is carried, from where, and who looks at it before.' }),
  readState: readState.prefault({}).meta({ description: 'Who has read what, on either side.' }),
  nightlyReconcile: z
    .strictObject({
      enabled: flag('Whether to compare, and to mend what differs.', true),
      hour: count('Hour of the day (UTC).', { fallback: 3, max: 23, min: 0 }),
    })
    .prefault({})
    .meta({ description: 'The nightly comparison of every space and room with the FHIR server.' }),
  identity: identity.prefault({}).meta({
    description:
      'Who is who: the backend of ma1sd and an identity server of our own, on a port of their own.',
  }),
  audit: audit.prefault({}).meta({ description: 'The audit trail.' }),
  inbox: inbox.transform(inMilliseconds).prefault({}).meta({ description: 'The durable log.' }),
  retention: retention.prefault({}).meta({ description: 'How long the bridge remembers what is over.' }),
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
    .transform(inMilliseconds)
    .prefault({})
    .meta({ description: 'The end of the process.' }),
});

/** The configuration, complete with defaults, all durations in milliseconds. */
export type Config = z.infer<typeof configSchema>;
