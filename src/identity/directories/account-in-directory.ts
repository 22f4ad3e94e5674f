// Which Matrix account the directories give for a practitioner whom FHIR names without one: by UZI number, then by e-mail.
import type { Practitioner } from '../../domain/fhir.ts';
import type { Clock } from '../../domain/clock.ts';
import type { MatrixUserId } from '../../domain/ids.ts';
import { contactsInUse } from '../../mapping/contacts.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import { numbersIn } from './mcsd/care-identifiers.ts';
import type { Directory } from './directory.ts';
import { emailsIn } from './threepid.ts';

/** What they say; `failed` is no "unknown". */
type AccountInDirectory =
  { readonly kind: 'found'; readonly userId: MatrixUserId } | { readonly kind: 'unknown' | 'failed' };

interface Deps {
  readonly directory: Pick<Directory, 'resolve'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly count: (kind: AccountInDirectory['kind']) => void;
}

/** Asks the directories; a failure is an answer too, and changes nothing. */
export function createAccountInDirectory({ directory, clock, log, count }: Deps) {
  async function ask(practitioner: Practitioner, signal: AbortSignal): Promise<AccountInDirectory> {
    try {
      const emails = emailsIn(contactsInUse(practitioner.telecom, clock.now().getTime()));
      for (const threepid of [...numbersIn('uzi_nr', practitioner.identifier), ...emails]) {
        const resolution = await directory.resolve(threepid, signal);
        if (resolution.kind === 'found') return resolution;
        // It is that of several people, and no other identifier tells which of them is meant.
        if (resolution.kind === 'ambiguous') return { kind: 'unknown' };
      }
      return { kind: 'unknown' };
    } catch (error) {
      signal.throwIfAborted();
      const code = error instanceof BridgeError ? error.code : 'unexpected';
      log.warn({ code }, 'The directories could not be asked after a practitioner; what is known stays');
      return { kind: 'failed' };
    }
  }
  return async (practitioner: Practitioner, signal: AbortSignal): Promise<AccountInDirectory> => {
    const answer = await ask(practitioner, signal);
    count(answer.kind);
    return answer;
  };
}
