// The backend's look-ups: the user of each identifier asked, within the limits, and on record.
import { bulkhead } from 'cockatiel';
import type { MatrixUserId } from '../../domain/ids.ts';
import type { AuditRecord } from '../../store/identity-audit.ts';
import type { Directory, Medium, Threepid } from '../directories/directory.ts';
import { threepidOf } from '../directories/threepid.ts';
import type { KeyedHash } from '../protection/keyed-hash.ts';
import type { TakePoints } from '../protection/rate-limits.ts';
import type { AskedThreepid, Backend, QuestionDeps } from './backend.ts';

interface Deps extends QuestionDeps {
  readonly directory: Pick<Directory, 'resolve'>;
  /** What people can be looked up by. */
  readonly media: readonly Medium[];
  /** The limit of each identifier, for all callers together. */
  readonly subjectLimit: TakePoints;
  readonly keyedHash: Pick<KeyedHash, 'ofThreepid'>;
}

const CONCURRENT_RESOLUTIONS = 8;

/** Look-ups of one or of many identifiers; an identifier that is asked too often finds no one for a while. */
export function createResolve(deps: Deps): Backend['resolve'] {
  const { directory, callerLimit, subjectLimit, keyedHash, audit } = deps;
  const media = new Set<Medium>(deps.media);

  function readable({ medium, address }: AskedThreepid): Threepid | undefined {
    const threepid = threepidOf(medium, address);
    return threepid !== undefined && media.has(threepid.medium) ? threepid : undefined;
  }

  async function resolveOne(
    threepid: Threepid | undefined,
    signal: AbortSignal,
  ): Promise<MatrixUserId | undefined> {
    if (threepid === undefined) return undefined;
    const key = keyedHash.ofThreepid(threepid).toString('base64');
    if ((await subjectLimit(key)) !== undefined) return undefined;
    const resolution = await directory.resolve(threepid, signal);
    return resolution.kind === 'found' ? resolution.userId : undefined;
  }

  return async (caller, action, asked, signal) => {
    const record = (
      threepid: Threepid | undefined,
      outcome: AuditRecord['outcome'],
      found?: MatrixUserId,
    ) => ({
      ...{ caller, action, medium: threepid?.medium, outcome, found },
      subject: threepid === undefined ? undefined : keyedHash.ofThreepid(threepid),
    });
    const threepids = asked.map(readable);
    if ((await callerLimit(caller, asked.length)) !== undefined) {
      await audit(threepids.map((threepid) => record(threepid, 'refused')));
      return 'limited';
    }
    try {
      const limit = bulkhead(CONCURRENT_RESOLUTIONS, Number.POSITIVE_INFINITY);
      const userIds = await Promise.all(
        threepids.map((threepid) => limit.execute(() => resolveOne(threepid, signal))),
      );
      await audit(
        threepids.map((threepid, index) =>
          record(threepid, userIds[index] ? 'found' : 'none', userIds[index]),
        ),
      );
      return userIds;
    } catch (error) {
      await audit(threepids.map((threepid) => record(threepid, 'failed')));
      throw error;
    }
  };
}
