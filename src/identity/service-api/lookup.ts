// Look-ups of the Identity Service API: hashed ones in the bridge's own table, plain ones in the directories.
import { bulkhead } from 'cockatiel';
import type { MatrixUserId } from '../../domain/ids.ts';
import type { AskedHash } from '../../store/identity-lookups.ts';
import type { Directory, Medium, Threepid } from '../directories/directory.ts';
import { threepidOf } from '../directories/threepid.ts';
import type { Audit } from '../protection/audit.ts';
import { coalesce } from '../protection/coalesce.ts';
import type { KeyedHash } from '../protection/keyed-hash.ts';

/** The user of each address that finds one, by the very string that was asked. */
type Mappings = Readonly<Record<string, MatrixUserId>>;

export type Lookup = ReturnType<typeof createLookup>;

interface Deps {
  /** Whom hashes of a generation find, in the order asked; stores the audit of it too. */
  readonly lookUpHashes: (
    generation: string,
    asked: readonly AskedHash[],
  ) => Promise<readonly (MatrixUserId | undefined)[]>;
  readonly directory: Pick<Directory, 'resolve'>;
  readonly media: readonly Medium[];
  readonly keyedHash: KeyedHash;
  readonly audit: Audit;
}

interface Question {
  readonly generation: string;
  readonly caller: MatrixUserId;
  readonly hashes: readonly string[];
}

/** 43 characters of base64url, the last of which has two bits to spare: just one string for each hash. */
const HASH = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const CONCURRENT_RESOLUTIONS = 8;

/** Hashed look-ups are answered together, one statement for many callers; plain ones ask the directories. */
export function createLookup({ lookUpHashes, directory, media, keyedHash, audit }: Deps) {
  const find = coalesce(findForAll(lookUpHashes), { largest: 100, concurrent: 4 });
  const allowed = new Set<Medium>(media);

  async function resolvePlain(address: string, signal: AbortSignal) {
    const threepid = parsePair(address);
    if (threepid === undefined || !allowed.has(threepid.medium))
      return { address, threepid: undefined, userId: undefined };
    const resolution = await directory.resolve(threepid, signal);
    return { address, threepid, userId: resolution.kind === 'found' ? resolution.userId : undefined };
  }

  return {
    /** @param generation of the hashes; @param asked base64url of SHA-256 */
    async hashed(caller: MatrixUserId, generation: string, asked: readonly string[]): Promise<Mappings> {
      const hashes = asked.filter((hash) => HASH.test(hash));
      return hashes.length === 0 ? {} : find({ generation, caller, hashes });
    },

    /** @param addresses `address medium` */
    async plain(caller: MatrixUserId, addresses: readonly string[], signal: AbortSignal): Promise<Mappings> {
      const limit = bulkhead(CONCURRENT_RESOLUTIONS, Number.POSITIVE_INFINITY);
      const answers = await Promise.all(
        addresses.map((address) => limit.execute(() => resolvePlain(address, signal))),
      );
      await audit(
        answers.map(({ threepid, userId }) => ({
          caller,
          action: 'lookup',
          medium: threepid?.medium,
          subject: threepid === undefined ? undefined : keyedHash.ofThreepid(threepid),
          outcome: userId === undefined ? 'none' : 'found',
          found: userId,
        })),
      );
      return mappings(answers.map(({ address, userId }) => [address, userId]));
    },
  };
}

/** One statement for the questions of each generation: but for the minutes around a change of pepper there is one. */
function findForAll(lookUpHashes: Deps['lookUpHashes']) {
  return async (questions: readonly Question[]): Promise<readonly Mappings[]> => {
    const answers = new Map<Question, Mappings>();
    for (const [generation, asked] of Map.groupBy(questions, (question) => question.generation)) {
      const users = await lookUpHashes(
        generation,
        asked.flatMap(({ caller, hashes }) => hashes.map((hash) => ({ caller, hash }))),
      );
      let next = 0;
      for (const question of asked) {
        answers.set(question, mappings(question.hashes.map((hash) => [hash, users[next++]])));
      }
    }
    return questions.map((question) => answers.get(question) ?? {});
  };
}

/** `address medium`; the medium is what follows the last space. */
function parsePair(pair: string): Threepid | undefined {
  const space = pair.lastIndexOf(' ');
  return space < 0 ? undefined : threepidOf(pair.slice(space + 1), pair.slice(0, space));
}

const mappings = (pairs: readonly (readonly [string, MatrixUserId | undefined])[]): Mappings =>
  Object.fromEntries(pairs.filter((pair): pair is [string, MatrixUserId] => pair[1] !== undefined));
