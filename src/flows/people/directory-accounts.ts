// Accounts by the word of directories, for practitioners who have none by their telecom or an operator's word.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { Identity } from '../../mapping/identities.ts';
import type { KnownPerson } from '../../store/people.ts';
import type { Bridge } from '../bridge.ts';
import { isOwnUser } from '../../mapping/own-users.ts';

/**
 * Asks the directories after these people, once each. A directory that fails takes no account away: who had theirs by its
 * word keeps it.
 */
export async function directoryAccounts(
  { accountInDirectory, settings }: Pick<Bridge, 'accountInDirectory' | 'settings'>,
  people: readonly Identity[],
  known: ReadonlyMap<FhirReference, KnownPerson>,
  signal: AbortSignal,
): Promise<ReadonlyMap<FhirReference, MatrixUserId>> {
  if (accountInDirectory === undefined) return new Map();
  const answers = await Promise.all(
    people.map(async ({ reference, resource }) => {
      if (resource.resourceType !== 'Practitioner') return [];
      const answer = await accountInDirectory(resource, signal);
      const before = known.get(reference);
      switch (answer.kind) {
        case 'found':
          return isOwnUser(settings, answer.userId) ? [] : [[reference, answer.userId] as const];
        case 'unknown':
          return [];
        case 'failed':
          return before?.source === 'directory' ? [[reference, before.userId] as const] : [];
      }
    }),
  );
  return new Map(answers.flat());
}
