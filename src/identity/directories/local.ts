// The bridge's own table as a directory: look-ups that arrive together are answered by one statement.
import type { Pool } from 'pg';
import type * as identities from '../../store/identities.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import { resolutionOf } from './directory.ts';
import type { Directory, DirectoryEntry, Threepid } from './directory.ts';
import { isSearchable, wordsOf } from './names.ts';
import { coalesce } from '../protection/coalesce.ts';
import { threepidOf } from './threepid.ts';

interface Deps {
  readonly db: Pool;
  readonly store: Pick<typeof identities, 'findUsersAt' | 'findPeopleByName' | 'findPersonOf'>;
}

/** The most look-ups in one statement, and the most statements at a time. */
const BATCHES = { largest: 200, concurrent: 2 };
/** The most words of a search term that count. */
const WORDS = 5;

/** Answers look-ups, searches and profiles from the table that the syncs fill. */
export function createLocalDirectory({ db, store }: Deps): Directory {
  const usersAt = coalesce((threepids: readonly Threepid[]) => store.findUsersAt(db, threepids), BATCHES);
  return {
    name: 'local',
    resolve: async (threepid) => resolutionOf(await orUnavailable(usersAt(threepid))),
    async search(term, limit) {
      if (!isSearchable(term)) return [];
      const found = await orUnavailable(store.findPeopleByName(db, wordsOf(term).slice(0, WORDS), limit));
      return found.map(toEntry);
    },
    async describe(userId) {
      const person = await orUnavailable(store.findPersonOf(db, userId));
      return person === undefined ? undefined : toEntry(person);
    },
  };
}

function toEntry({ userId, displayName, reference, addresses }: identities.IdentityPerson): DirectoryEntry {
  const threepids = addresses.flatMap(({ medium, address }) => threepidOf(medium, address) ?? []);
  return { userId, displayName, reference, threepids };
}

async function orUnavailable<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    // No cause: a statement's error may quote the values it was given.
    throw new BridgeError('directory-unavailable', `local: ${sqlState(error)}`);
  }
}

function sqlState(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,30}$/.test(code) ? code : 'no answer';
}
