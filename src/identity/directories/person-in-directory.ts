// As whom the directories know a Matrix user: for records of senders whom FHIR does not know.
import type { MatrixUserId } from '../../domain/ids.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Directory, DirectoryEntry, Medium } from './directory.ts';

interface PersonInDirectory {
  readonly identifier: Identifier | undefined;
  readonly name: string | undefined;
  readonly organization: Identifier | undefined;
}
interface Identifier {
  readonly system: string;
  readonly value: string;
}

/** The systems of the numbers. https://github.com/nuts-foundation/nl-generic-functions-ig */
const SYSTEMS = {
  uzi_nr: 'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers',
  ura_nr: 'http://fhir.nl/fhir/NamingSystem/ura',
} as const;

/** Asks the directories; one that does not answer knows no one. */
export function createPersonInDirectory({
  directory,
  log,
}: {
  readonly directory: Pick<Directory, 'describe'>;
  readonly log: Log;
}) {
  return async (userId: MatrixUserId, signal: AbortSignal): Promise<PersonInDirectory | undefined> => {
    try {
      const entry = await directory.describe?.(userId, signal);
      if (entry === undefined) return undefined;
      return {
        identifier: numberIn(entry, 'uzi_nr'),
        name: entry.displayName,
        organization: numberIn(entry, 'ura_nr'),
      };
    } catch (error) {
      signal.throwIfAborted();
      const code = error instanceof BridgeError ? error.code : 'unexpected';
      log.warn({ code }, 'The directories could not be asked after the sender of a message');
      return undefined;
    }
  };
}

/** The one number of a kind; of several, none is theirs for certain. */
function numberIn(
  { threepids }: DirectoryEntry,
  medium: Extract<Medium, keyof typeof SYSTEMS>,
): Identifier | undefined {
  const [number, other] = threepids.filter((threepid) => threepid.medium === medium);
  if (number === undefined || other !== undefined) return undefined;
  return { system: SYSTEMS[medium], value: number.address };
}
