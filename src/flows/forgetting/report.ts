// What is told of forgetting a person: what is, or would be, deleted and redacted, by ids and numbers.
import type { MatrixUserId, RoomId } from '../../domain/ids.ts';
import type { ForgettingResult, ForgettingRoom, KnownForgetting } from '../../store/forgettings.ts';
import type { Bridge } from '../bridge.ts';
import { soughtOf } from './sought.ts';
import { roomsOf, type Finding, type Whom } from './whom.ts';

/** The report. Of a person it names the references that the operator gave or FHIR has, and accounts only while they are there. */
export interface ForgetReport extends Omit<ForgettingResult, 'ghosts'> {
  readonly state: 'dry-run' | 'under-way' | 'done';
  readonly accounts: readonly MatrixUserId[];
  readonly ghosts: Readonly<Record<MatrixUserId, 'there' | 'deactivated' | 'refused'>>;
  readonly rooms: readonly (Omit<ForgettingRoom, 'endedAt'> & { readonly done: boolean })[];
}

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
  return {
    state: 'dry-run',
    rows: Object.fromEntries(Object.entries(rows).filter(([, count]) => count > 0)),
    conversations: await store.personalData.countMessagesOf(db, sought.users, MOST_CONVERSATIONS),
    accounts: whom.accounts,
    ghosts: statesOf(whom.ghosts, whom.registered),
    rooms: rooms.map(untouched),
  };
}

/** The report of what was done so far. */
export async function reportSoFar(
  { db, store }: Pick<Bridge, 'db' | 'store'>,
  known: KnownForgetting,
): Promise<ForgetReport> {
  const rooms = await store.forgettings.findRooms(db, known.id);
  const registered = [...(await store.ghosts.findGhosts(db, known.ghosts)).keys()];
  return {
    state: known.endedAt === undefined ? 'under-way' : 'done',
    rows: known.result?.rows ?? {},
    conversations: known.result?.conversations ?? [],
    accounts: known.accounts,
    ghosts: { ...statesOf(known.ghosts, registered), ...known.result?.ghosts },
    rooms: rooms.map(({ endedAt, ...room }) => ({ ...room, done: endedAt !== undefined })),
  };
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
