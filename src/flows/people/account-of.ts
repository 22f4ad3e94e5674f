// The account of a person by the operator's settings: what they publish, an operator's word, a directory's, else a ghost.
import { serverNameOf, type FhirReference, type MatrixUserId } from '../../domain/ids.ts';
import { accountOf, type Account, type Identity } from '../../mapping/identities.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { KnownPerson } from '../../store/people.ts';
import type { BridgeSettings } from '../bridge.ts';
import { ghostIdOf } from './desired-ghost.ts';

/** By what an account is found. */
export interface AccountSources {
  readonly settings: BridgeSettings;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What is stored of the person and their roles. */
  readonly known: ReadonlyMap<FhirReference, KnownPerson>;
  readonly inDirectory: ReadonlyMap<FhirReference, MatrixUserId>;
  /** The ghosts of those whose first one was given up. */
  readonly successors: ReadonlyMap<FhirReference, MatrixUserId>;
  /** People whose published address does not count. */
  readonly refused: ReadonlySet<FhirReference>;
  /** Whether a person may not be read: what is stored of their account stays. */
  readonly isForbidden?: (reference: FhirReference) => boolean;
}

/** The account of a person. */
export function accountIn(sources: AccountSources, identity: Identity): Account {
  const { settings, at, known, inDirectory, refused, successors } = sources;
  const { reference } = identity;
  const stored = known.get(reference);
  if (stored?.kind === 'user' && sources.isForbidden?.(reference) === true) {
    const { userId, kind, source } = stored;
    return { userId, kind, source };
  }
  return accountOf(identity, {
    ...{ at, isLenient: settings.lenientTelecom },
    ghost: successors.get(reference) ?? ghostIdOf(settings, reference),
    isOwn: (address) => isOwnUser(settings, address),
    isBelieved: (address) => !refused.has(reference) && mayBePublished(settings, address),
    storedFor: (each) => known.get(each)?.storedUserId,
    inDirectory: inDirectory.get(reference),
  });
}

/** Neither the store nor a directory is asked: what counts is what a person publishes. */
const NO_SOURCES = { known: new Map(), inDirectory: new Map(), successors: new Map() };

/** The address that a person publishes and that is believed, whether or not it counts as theirs. */
export function claimIn(settings: BridgeSettings, at: number, identity: Identity): MatrixUserId | undefined {
  const none = { ...NO_SOURCES, refused: new Set<FhirReference>() };
  const { userId, source } = accountIn({ settings, at, ...none }, identity);
  return source === 'telecom' ? userId : undefined;
}

/** Whether a person's resource, or a directory, may name this account as theirs at all. */
export function mayBePublished(
  { trustedServers, serverName, ownAccounts }: BridgeSettings,
  address: MatrixUserId,
): boolean {
  const server = serverNameOf(address);
  return trustedServers.has(server) && (server !== serverName || ownAccounts !== 'operator');
}
