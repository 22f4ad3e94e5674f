// The keys of `fhir`: where the FHIR server is, how it is read, and what is written to it.
import { z } from 'zod';
import { FHIR_PROFILE_NAMES } from '../domain/fhir.ts';
import { THREAD_PROFILE_NAMES } from '../domain/threads.ts';
import { count, flag, httpUrl, seconds, secret } from './fields.ts';

/** The section. */
export const fhir = z.strictObject({
  baseUrl: httpUrl('The FHIR server’s base URL, such as http://localhost:8080/fhir.'),
  baseAliases: z.array(httpUrl('A base URL.')).default([]).meta({
    description:
      'Other base URLs of the same server, by which resources may refer to its own. What refers to any other server is nobody here, whatever its id.',
  }),
  bearerToken: secret('Bearer token for the FHIR server.').optional(),
  profile: z.enum(FHIR_PROFILE_NAMES).default('generic').meta({
    description:
      'Which profiles the server checks what is written by: none, or those of OZO verbindzorg up to 0.7.8 or from 0.9.0 on. Under OZO’s, the ways of its proxy are kept as well.',
  }),
  threads: z.enum(THREAD_PROFILE_NAMES).default('ozo').meta({
    description:
      'What a conversation is on the FHIR server: a CommunicationRequest (ozo, as in the Dutch guides), or a header Communication of which its messages are part (medplum).',
  }),
  hookUrl: httpUrl('Where the FHIR server reaches the bridge; Subscriptions carry it.').default(
    'http://localhost:3000',
  ),
  hookSecret: secret('Secret that Subscriptions carry in a header and the hooks demand.'),
  previousHookSecret: secret(
    'The hook secret before this one, accepted as well while you rotate.',
  ).optional(),
  hookPayload: z.enum(['none', 'resource']).default('none').meta({
    description:
      'What hooks carry: nothing, or the resource that changed, where that is no person or organisation: by it the bridge tells its own writes from those of others, and spares the server a search for each. Not every server can.',
  }),
  subscriptions: flag(
    'Whether to create rest-hook Subscriptions. Without them changes are seen at the next poll.',
    true,
  ),
  pollIntervalSeconds: seconds(
    'How often each resource type is read when no hook is received. With subscriptions, a quiet server is asked less and less often, but at least once a minute.',
    15,
  ),
  peoplePollIntervalSeconds: seconds(
    'How often people and organisations are read when no hook is received; on a quiet server less often likewise.',
    30,
  ),
  followDeletes: z.enum(['auto', 'off']).default('auto').meta({
    description:
      'Whether messages are removed from rooms whose Communication was deleted; auto where the server keeps a history.',
  }),
  deletesPollIntervalSeconds: seconds('How often the history is read for deletions.', 60),
  overlapSeconds: seconds(
    'How far back a read goes every 30 s: at least the longest write transaction.',
    120,
  ),
  shortOverlapSeconds: seconds(
    'How far back the reads in between go. What takes longer to be written is carried up to 30 s later, also if its author wrote more since; overlapSeconds at most.',
    3,
  ),
  pageSize: count('Resources per page of a read.', { fallback: 200, max: 1000 }),
  readFrom: z.enum(['now', 'beginning']).default('now').meta({
    description:
      'Where the very first start begins: with changes from now on, or with everything on the server.',
  }),
  idStrategy: z.enum(['client-assigned', 'server-assigned']).default('client-assigned').meta({
    description:
      'Whether the bridge chooses the ids of what it writes, or the server does (If-None-Exist then).',
  }),
  deliverPreparation: flag(
    'Whether Communications in status preparation are sent. Turn off where platforms keep drafts so.',
    true,
  ),
  sourceSystemExtension: z
    .string()
    .default('http://hl7.org/fhir/StructureDefinition/communication-source-system')
    .meta({ description: 'URL of the extension that marks records from Matrix; empty leaves it out.' }),
  writeBackDelaySeconds: z.number().nonnegative().max(3_600).default(5).meta({
    description:
      'How long after a Communication was sent into its room it gets the id of the event as an identifier. Many are written in one transaction then, and a platform that goes on with its record at once meets no conflict.',
  }),
  reportFailures: z.enum(['task', 'off']).default('task').meta({
    description:
      'How platforms are told of a Communication that did not reach its room: by a failed Task with the Communication as focus, or not at all.',
  }),
  requestTimeoutSeconds: seconds('How long a request to the FHIR server may take.', 20),
});
