// What is told of forgetting a person: what was deleted and redacted, what remains, and who must act.
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { ForgettingResult, ForgettingRoom, KnownForgetting } from '../../store/forgettings.ts';
import type { Bridge } from '../bridge.ts';
import { soughtOf } from './sought.ts';
import { roomsOf, type Finding, type Whom } from './whom.ts';

/** What somebody else has to do. */
export interface ToDo {
  readonly who: 'homeserver' | 'fhir' | 'directories' | 'backups' | 'other homeservers';
  readonly what: string;
}

/** The report. Of a person it names the references that the operator gave or FHIR has, and accounts only while they are there. */
export interface ForgetReport extends Omit<ForgettingResult, 'ghosts'> {
  readonly state: 'dry-run' | 'under-way' | 'done';
  readonly accounts: readonly MatrixUserId[];
  readonly ghosts: Readonly<Record<MatrixUserId, 'there' | 'deactivated' | 'refused'>>;
  readonly rooms: readonly (Omit<ForgettingRoom, 'endedAt'> & { readonly done: boolean })[];
  readonly remains: readonly string[];
  readonly toDo: readonly ToDo[];
}

/** What remains whatever is done, and why. */
const REMAINS: readonly string[] = [
  'FHIR: the record, which the law has its keeper keep (Communications, CommunicationRequests, CareTeams, Tasks).',
  'FHIR: AuditEvents, and in the bridge the log of look-ups.',
  'Matrix: redacted events without their content; Synapse keeps that for redaction_retention_period.',
  'Matrix: former names of rooms that name a professional who was there with an account of their own.',
  'The bridge: keyed hashes, so that the ghosts are never another’s; references to resources; ids of events.',
  'The bridge: what others wrote about the person, in items of the log, until these are pruned.',
];

const MOST_CONVERSATIONS = 100;

/** The report of what would be done. */
export async function dryReport(
  bridge: Finding & Pick<Bridge, 'forgetItemsNaming'>,
  whom: Whom,
  signal: AbortSignal,
): Promise<ForgetReport> {
  const { db, store } = bridge;
  const sought = await soughtOf(bridge, whom, signal);
  const rooms = await roomsOf(bridge, whom, signal);
  const { items, deadLetters } = await bridge.forgetItemsNaming(db, sought, { isDry: true, signal });
  const rows = { ...(await store.personalData.countRowsOf(db, whom)), item: items, dead_letter: deadLetters };
  return reportOf('dry-run', {
    rows: Object.fromEntries(Object.entries(rows).filter(([, count]) => count > 0)),
    conversations: await store.personalData.countMessagesOf(db, sought.users, MOST_CONVERSATIONS),
    accounts: whom.accounts,
    ghosts: statesOf(whom.ghosts, whom.registered),
    rooms: rooms.map(untouched),
  });
}

/** The report of what was done so far. */
export async function reportSoFar(
  { db, store }: Pick<Bridge, 'db' | 'store'>,
  known: KnownForgetting,
): Promise<ForgetReport> {
  const rooms = await store.forgettings.findRooms(db, known.id);
  const registered = [...(await store.ghosts.findGhosts(db, known.ghosts)).keys()];
  return reportOf(known.endedAt === undefined ? 'under-way' : 'done', {
    rows: known.result?.rows ?? {},
    conversations: known.result?.conversations ?? [],
    accounts: known.accounts,
    ghosts: { ...statesOf(known.ghosts, registered), ...known.result?.ghosts },
    rooms: rooms.map(({ endedAt, ...room }) => ({ ...room, done: endedAt !== undefined })),
  });
}

function reportOf(
  state: ForgetReport['state'],
  found: Omit<ForgetReport, 'remains' | 'state' | 'toDo'>,
): ForgetReport {
  return { state, ...found, remains: REMAINS, toDo: toDoOf(found) };
}

function statesOf(
  ghosts: readonly MatrixUserId[],
  registered: readonly MatrixUserId[],
): Readonly<Record<MatrixUserId, 'there' | 'deactivated'>> {
  return Object.fromEntries(
    ghosts.map((ghost) => [ghost, registered.includes(ghost) ? 'there' : 'deactivated']),
  );
}

function untouched(roomId: RoomId): ForgetReport['rooms'][number] {
  return { roomId, messages: 0, events: 0, refused: 0, outOfReach: false, done: false };
}

function toDoOf({
  accounts,
  ghosts,
  rooms,
  conversations,
}: Omit<ForgetReport, 'remains' | 'state' | 'toDo'>): readonly ToDo[] {
  const refused = Object.entries(ghosts).filter(([, state]) => state === 'refused');
  const unseen = rooms.filter(({ outOfReach, refused: left }) => outOfReach || left > 0);
  const encoded = (id: string): string => encodeURIComponent(id);
  const admin = '/_synapse/admin/v1';
  const homeserver = [
    ...refused.map(([ghost]) => `POST ${admin}/deactivate/${encoded(ghost)} with {"erase": true}`),
    ...Object.keys(ghosts).map((ghost) => `DELETE ${admin}/users/${encoded(ghost)}/media (its pictures)`),
    ...unseen.map(
      ({ roomId }) => `redact what is left in ${roomId}, which the bridge may not, or cannot see`,
    ),
    ...accounts.map((account) => `${account} is the person’s own: its homeserver deactivates it`),
  ].map((what): ToDo => ({ who: 'homeserver', what }));
  return [
    ...homeserver,
    { who: 'fhir', what: `decide on the record: ${listed(conversations)}` },
    { who: 'directories', what: 'take the person out of each directory, which is read again before long' },
    { who: 'backups', what: 'let the backups of the bridge, the homeserver and the FHIR server run out' },
    {
      who: 'other homeservers',
      what: 'ask those with members in the rooms; a redaction is a request to them',
    },
  ];
}

function listed(conversations: readonly { readonly conversation: FhirReference }[]): string {
  const [first, ...more] = conversations.map(({ conversation }) => conversation);
  if (first === undefined) return 'the bridge knows of no Communication of theirs';
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}
