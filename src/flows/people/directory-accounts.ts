// Accounts by the word of directories, for practitioners who have none by their telecom or an operator's word.
import { serverNameOf, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import type { Identity } from '../../mapping/identities.ts';
import type { KnownPerson } from '../../store/people.ts';
import type { Bridge } from '../bridge.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { isConfirmed } from './confirmed-account.ts';

/**
 * Asks the directories after these people, once each. A directory that fails takes no account away: who had theirs by its
 * word keeps it.
 */
export async function directoryAccounts(
  asking: Pick<Bridge, 'accountInDirectory' | 'homeserver' | 'settings'>,
  people: readonly Identity[],
  known: ReadonlyMap<FhirReference, KnownPerson>,
  signal: AbortSignal,
): Promise<ReadonlyMap<FhirReference, MatrixUserId>> {
  const { accountInDirectory } = asking;
  if (accountInDirectory === undefined) return new Map();
  const answers = await Promise.all(
    people.map(async ({ reference, resource }) => {
      if (resource.resourceType !== 'Practitioner') return [];
      const answer = await accountInDirectory(resource, signal);
      const before = known.get(reference);
      switch (answer.kind) {
        case 'found':
          return (await mayCount(asking, { person: reference, userId: answer.userId }, signal))
            ? [[reference, answer.userId] as const]
            : [];
        case 'unknown':
          return [];
        case 'failed':
          return before?.source === 'directory' ? [[reference, before.userId] as const] : [];
      }
    }),
  );
  return new Map(answers.flat());
}

/** Directories are believed of any server that they are trusted for; of one's own by the operator's policy. */
async function mayCount(
  asking: Pick<Bridge, 'homeserver' | 'settings'>,
  found: { readonly person: FhirReference; readonly userId: MatrixUserId },
  signal: AbortSignal,
): Promise<boolean> {
  const { settings } = asking;
  if (isOwnUser(settings, found.userId)) return false;
  const isOwnServer = serverNameOf(found.userId) === settings.serverName;
  if (isOwnServer && settings.ownAccounts === 'operator') return false;
  return isConfirmed(asking, found, signal);
}
