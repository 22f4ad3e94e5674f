// The backend's search for users of this homeserver, by name or by identifier.
import { serverNameOf, typeOf } from '../../domain/ids.ts';
import type { Directory, DirectoryEntry, Medium, Threepid } from '../directories/directory.ts';
import { threepidOf } from '../directories/threepid.ts';
import type { Backend, QuestionDeps } from './backend.ts';

interface Deps extends QuestionDeps {
  readonly directory: Pick<Directory, 'search' | 'resolve' | 'describe'>;
  readonly serverName: string;
  readonly media: readonly Medium[];
  /** Whether searches find patients and relatives too. */
  readonly searchPatients: boolean;
}

const SHORTEST_TERM = 3;
const LONGEST_TERM = 100;
const MOST_RESULTS = 20;
const PATIENT_TYPES: readonly string[] = ['Patient', 'RelatedPerson'];
const NOTHING_FOUND = { entries: [], limited: false } as const;

/** Searches for users of this homeserver, patients and relatives only where the operator wants it. */
export function createSearch(deps: Deps): Backend['search'] {
  const { directory, serverName, media, callerLimit, audit } = deps;

  function mayBeFound({ userId, reference }: DirectoryEntry): boolean {
    // ma1sd's answer holds localparts only, so it cannot name users of other homeservers.
    if (serverNameOf(userId) !== serverName) return false;
    return deps.searchPatients || reference === undefined || !PATIENT_TYPES.includes(typeOf(reference));
  }

  return async (caller, by, rawTerm, signal) => {
    const term = rawTerm.trim().replace(/^@/, '');
    const record = { caller, action: 'search', medium: undefined, subject: undefined } as const;
    if (term.length < SHORTEST_TERM || term.length > LONGEST_TERM) return NOTHING_FOUND;
    const threepids = by === 'threepid' ? threepidsIn(media, term) : [];
    if ((await callerLimit(caller, Math.max(1, threepids.length))) !== undefined) {
      await audit([{ ...record, outcome: 'refused' }]);
      return { entries: [], limited: true };
    }
    try {
      // One more than is shown tells whether there are more.
      const found =
        by === 'name'
          ? await directory.search(term, MOST_RESULTS + 1, signal)
          : await findByThreepid(directory, threepids, signal);
      const entries = found.filter(mayBeFound).slice(0, MOST_RESULTS);
      await audit(
        entries.length === 0
          ? [{ ...record, outcome: 'none' }]
          : entries.map(({ userId }) => ({ ...record, outcome: 'found', found: userId })),
      );
      return { entries, limited: found.length > MOST_RESULTS };
    } catch (error) {
      await audit([{ ...record, outcome: 'failed' }]);
      throw error;
    }
  };
}

/** Every identifier that the term can be. */
function threepidsIn(media: readonly Medium[], term: string): readonly Threepid[] {
  return media.flatMap((medium) => threepidOf(medium, term) ?? []);
}

/** Several users are no answer: they would not be told apart. */
async function findByThreepid(
  directory: Deps['directory'],
  threepids: readonly Threepid[],
  signal: AbortSignal,
): Promise<readonly DirectoryEntry[]> {
  const resolutions = await Promise.all(threepids.map((threepid) => directory.resolve(threepid, signal)));
  const userIds = new Set(
    resolutions.flatMap((resolution) => (resolution.kind === 'found' ? [resolution.userId] : [])),
  );
  const [userId] = userIds;
  if (userId === undefined || userIds.size > 1) return [];
  const described = await directory.describe?.(userId, signal);
  return [described ?? { userId, displayName: undefined, threepids: [], reference: undefined }];
}
