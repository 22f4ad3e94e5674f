// What remains when a person is forgotten, and who must act: for an operator, beside the report.
import type { FhirReference } from '../domain/ids.ts';
import type { ForgetReport } from '../flows/forgetting/report.ts';

/** What somebody else has to do. */
export interface ToDo {
  readonly who: 'homeserver' | 'fhir' | 'directories' | 'backups' | 'other homeservers';
  readonly what: string;
}

/** What stands beside the report. */
export interface Advice {
  readonly remains: readonly string[];
  readonly toDo: readonly ToDo[];
}

const ADMIN = '/_synapse/admin/v1';

const REMAINS: readonly string[] = [
  'FHIR: the record, which the law has its keeper keep (Communications, CommunicationRequests, CareTeams, Tasks).',
  'FHIR: AuditEvents, and in the bridge the log of look-ups.',
  'Matrix: redacted events without their content; Synapse keeps that for redaction_retention_period.',
  'Matrix: former names of rooms that name a professional who was there with an account of their own.',
  'The bridge: keyed hashes, so that the ghosts are never another’s; references to resources; ids of events.',
  'The bridge: what others wrote about the person, in items of the log, until these are pruned.',
];

const BY_OTHERS: readonly ToDo[] = [
  { who: 'directories', what: 'take the person out of each directory, which is read again before long' },
  { who: 'backups', what: 'let the backups of the bridge, the homeserver and the FHIR server run out' },
  { who: 'other homeservers', what: 'ask those with members in the rooms; a redaction is a request to them' },
];

/** The advice for what a report tells. */
export function adviceOf(report: ForgetReport): Advice {
  const homeserver = atHomeserver(report).map((what): ToDo => ({ who: 'homeserver', what }));
  const record: ToDo = { who: 'fhir', what: `decide on the record: ${listed(report.conversations)}` };
  return { remains: REMAINS, toDo: [...homeserver, record, ...BY_OTHERS] };
}

function atHomeserver({ accounts, ghosts, rooms }: ForgetReport): readonly string[] {
  const refused = Object.entries(ghosts).filter(([, state]) => state === 'refused');
  const unseen = rooms.filter(({ outOfReach, refused: left }) => outOfReach || left > 0);
  const call = (method: string, ...path: readonly string[]): string =>
    `${method} ${ADMIN}/${path.map(encodeURIComponent).join('/')}`;
  return [
    ...refused.map(([ghost]) => `${call('POST', 'deactivate', ghost)} with {"erase": true}`),
    ...Object.keys(ghosts).map((ghost) => `${call('DELETE', 'users', ghost, 'media')} (its pictures)`),
    ...unseen.map(
      ({ roomId }) => `redact what is left in ${roomId}, which the bridge may not, or cannot see`,
    ),
    ...accounts.map((account) => `${account} is the person’s own: its homeserver deactivates it`),
  ];
}

function listed(conversations: readonly { readonly conversation: FhirReference }[]): string {
  const [first, ...more] = conversations.map(({ conversation }) => conversation);
  if (first === undefined) return 'the bridge knows of no Communication of theirs';
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}
