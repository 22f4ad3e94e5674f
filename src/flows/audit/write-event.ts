// Writes an AuditEvent, once; for as long as the FHIR server does not take it, it is tried again.
import type { OwnAuditEvent } from '../../audit/audit-event.ts';
import { withoutLinks } from '../../audit/without-links.ts';
import type { Attempt, Item } from '../../inbox/item.ts';
import { BridgeError, errorCatalogue } from '../../telemetry/errors.ts';
import type { Bridge } from '../bridge.ts';
import type { AuditItem } from '../items/audit.ts';
import type { FlowOutcome } from '../outcome.ts';
import { createFailingAlone } from './failing-alone.ts';

/** What it works with. */
export type AuditWriting = Pick<Bridge, 'auditServer' | 'clock' | 'log' | 'settings'>;

const LONGEST_WAIT_MS = 60_000;
/** A server that is being set up may refuse what it will take. */
const REFUSED_FOR_MS = 10 * 60_000;
/** The attempt that is made a minute after the first. */
const FAILED_FOR_A_MINUTE = 8;
/** A server that fails on one so many times, and each time has taken others in between, will not take it. */
const MOST_ALONE = 10;

/** Writes the AuditEvent of an item. */
export type WriteAuditEvent = (
  item: AuditItem,
  of: Pick<Item, 'receivedAt'>,
  attempt: Attempt,
) => Promise<FlowOutcome>;

/**
 * Creates the handler of such items. That an AuditEvent is written is no fact: there is no audit of the audit.
 * The handler throws a BridgeError where the server, which was there all the time, has refused it for good for ten minutes, or has
 * failed on it and taken others: a dead letter keeps it, and the others go on.
 */
export function createWriteAuditEvent(audit: AuditWriting): WriteAuditEvent {
  /** What was refused a moment after the server came back may still be taken, however long ago it happened. */
  let thereSince: number | undefined;
  const failingAlone = createFailingAlone();
  return async ({ event }, { receivedAt }, attempt) => {
    const now = audit.clock.now().getTime();
    const isOld = now - receivedAt.getTime() >= REFUSED_FOR_MS;
    try {
      await writeOnce(audit, event, attempt);
      thereSince ??= now;
      failingAlone.taken(event.id);
      return { kind: 'done' };
    } catch (error) {
      attempt.signal.throwIfAborted();
      if (!(error instanceof BridgeError)) throw error;
      const { code, message: detail, retryAfterMs } = error;
      thereSince = errorCatalogue[code].verdict === 'dead' ? (thereSince ?? now) : undefined;
      if (isOld && thereSince !== undefined && now - thereSince >= REFUSED_FOR_MS) throw error;
      const isAlone = code === 'fhir-failed' && failingAlone.failedOn(event.id) >= MOST_ALONE;
      if (isOld && isAlone) {
        failingAlone.forget(event.id);
        throw new BridgeError('fhir-refused', 'the server fails on it, and takes others');
      }
      audit.log.warn({ code, detail }, 'An AuditEvent could not be written; it is tried again');
      // Not a failure: the inbox gives up on those after some time.
      return { kind: 'later', afterMs: retryAfterMs ?? waitMs(attempt.number) };
    }
  };
}

/** Links may lead to what was deleted since, or to versions of a form that is not the server's. Servers refuse such links, or fail on them. */
async function writeOnce(
  { auditServer, settings }: AuditWriting,
  event: OwnAuditEvent,
  { number, inDoubt, signal }: Attempt,
): Promise<void> {
  const options = { mayExist: number > 1 || inDoubt, signal };
  try {
    await auditServer.createOnce(event, options);
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error;
    const isForLinks =
      error.code === 'fhir-refused' || (number >= FAILED_FOR_A_MINUTE && error.code === 'fhir-failed');
    if (!isForLinks) throw error;
    await auditServer.createOnce(withoutLinks(event, settings.audit.fhirBaseUrl), options);
  }
}

function waitMs(attempt: number): number {
  return Math.min(LONGEST_WAIT_MS, 500 * 2 ** Math.min(attempt - 1, 10));
}
