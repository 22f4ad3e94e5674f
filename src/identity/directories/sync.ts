// Fills the local table from a directory: page by page, each with its position in one transaction, so that a kill costs one page.
import { z } from 'zod';
import type { IdentityRecord } from '../../store/identity-records.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Directory, DirectoryEntry, DirectoryRecord } from './directory.ts';
import { cleanName, isProfessional, wordsOf } from './names.ts';
import { parsePosition } from './position.ts';

/** A page as it is written; all or nothing. */
interface SyncedPage {
  readonly records: readonly IdentityRecord[];
  readonly gone: readonly string[];
  /** The pass over everyone that met the records. */
  readonly seenIn: string | undefined;
  readonly position: string;
}

/** Where the sync of one directory keeps what it read and how far it came. */
export interface SyncStore {
  readonly readPosition: () => Promise<string | undefined>;
  /** `saveIdentityRecords`, `removeIdentityRecords` and `saveCursor` in one transaction. */
  readonly save: (page: SyncedPage) => Promise<void>;
  /** `findUnseenRecords`. */
  readonly unseen: (pass: string, limit: number) => Promise<readonly string[]>;
}

/** How far a sync has come, for metrics. Counts are of this run. */
export interface SyncProgress {
  readonly directory: string;
  readonly read: number;
  readonly saved: number;
  readonly removed: number;
  /** Whether everything the directory had was read. */
  readonly done: boolean;
}

interface Deps {
  readonly directory: Pick<Directory, 'name' | 'list' | 'read'>;
  readonly store: SyncStore;
  readonly log: Log;
  readonly onProgress: (progress: SyncProgress) => void;
}

/** The directory's own position, and the finished pass whose unseen records are still to be read again (`sweep`). */
const positionSchema = z.object({ at: z.string().optional(), sweep: z.string().optional() });
type Position = z.infer<typeof positionSchema>;

/** How many records that a pass has not met are read again at one time. */
const UNSEEN = 100;

/**
 * Reads all that a directory has for now. Runs on one replica at a time; after whatever ended the last run, it goes on
 * behind the last page that was written.
 * @returns how many records were read
 * @throws BridgeError when the directory fails
 */
export async function syncOnce(deps: Deps, signal: AbortSignal): Promise<number> {
  const { directory, store, log, onProgress } = deps;
  const progress = { directory: directory.name, read: 0, saved: 0, removed: 0, done: false };
  const write = async (
    records: readonly DirectoryRecord[],
    seenIn: string | undefined,
    position: Position,
  ): Promise<void> => {
    const page = toPage(records);
    await store.save({ ...page, seenIn, position: JSON.stringify(position) });
    progress.read += records.length;
    progress.saved += page.records.length;
    progress.removed += page.gone.length;
    onProgress({ ...progress });
  };

  let position: Position = parsePosition(positionSchema, await store.readPosition()) ?? {};
  await readUnseen(deps, position, write, signal);
  for (let done = directory.list === undefined; !done;) {
    signal.throwIfAborted();
    const page = await directory.list?.(position.at, signal);
    if (page === undefined) break;
    done = page.done;
    position = { at: page.position, ...(done && page.pass !== undefined && { sweep: page.pass }) };
    await write(page.records, page.pass, position);
  }
  await readUnseen(deps, position, write, signal);
  onProgress({ ...progress, done: true });
  log.info({ ...progress, done: true }, 'A directory was read');
  return progress.read;
}

/** Reads again the records that a finished pass has not met: they are gone, or moved between two pages. */
async function readUnseen(
  { directory, store }: Deps,
  { at, sweep: pass }: Position,
  write: (records: readonly DirectoryRecord[], seenIn: string | undefined, at: Position) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  if (pass === undefined || directory.read === undefined) return;
  for (;;) {
    signal.throwIfAborted();
    const keys = await store.unseen(pass, UNSEEN);
    if (keys.length === 0) break;
    const byKey = new Map((await directory.read(keys, signal)).map((record) => [record.key, record]));
    const records = keys.map((key): DirectoryRecord => byKey.get(key) ?? { key, entry: undefined });
    await write(records, pass, { ...(at !== undefined && { at }), sweep: pass });
  }
  await write([], undefined, { ...(at !== undefined && { at }) });
}

/** What a page says of each record last. */
function toPage(records: readonly DirectoryRecord[]): Pick<SyncedPage, 'records' | 'gone'> {
  const last = [...new Map(records.map((record) => [record.key, record])).values()];
  return {
    records: last.flatMap(({ key, entry }) => (entry === undefined ? [] : [toRecord(key, entry)])),
    gone: last.flatMap(({ key, entry }) => (entry === undefined ? [key] : [])),
  };
}

function toRecord(key: string, entry: DirectoryEntry): IdentityRecord {
  const displayName = cleanName(entry.displayName);
  return {
    ...{ key, displayName, userId: entry.userId, reference: entry.reference },
    addresses: entry.threepids,
    words: displayName !== undefined && isProfessional(entry) ? wordsOf(displayName) : [],
  };
}
