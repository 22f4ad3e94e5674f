// Published addresses that do not count: another person has the account or claims it too, or the account itself does not say so.
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { Identity } from '../../mapping/identities.ts';
import { isSamePerson } from '../../mapping/same-person.ts';
import type { BearerRow } from '../../store/people.ts';
import type { Bridge } from '../bridge.ts';
import { isConfirmed } from './confirmed-account.ts';
import { bearerOf, type Naming } from './named-account.ts';
import type { ReadSet } from './read-set.ts';

/** What claims are looked at with. */
export type Claiming = Naming & Pick<Bridge, 'log' | 'metrics'>;

/** A person who publishes an address that is believed. */
export interface Claim {
  readonly identity: Identity;
  readonly userId: MatrixUserId;
}

/** Another who has the same account, or says so. */
interface Rival {
  readonly identity: Identity;
  readonly holds: boolean;
}

/**
 * The people whose claim does not count. Who has an account keeps it while FHIR says so; of several who come at one time none gets it.
 * The others are read, and noted, so that the rooms are looked at again when one of them changes.
 */
export async function refusedClaims(
  claiming: Claiming,
  reads: ReadSet,
  claims: readonly Claim[],
  signal: AbortSignal,
): Promise<ReadonlySet<FhirReference>> {
  const refused = new Set<FhirReference>();
  if (claims.length === 0) return refused;
  const accounts = [...new Set(claims.map(({ userId }) => userId))];
  const bearers = await claiming.store.people.findBearers(claiming.db, accounts);
  for (const claim of claims) {
    const { identity, userId } = claim;
    const person = identity.reference;
    const rows = bearers.get(userId) ?? [];
    const rivals = await rivalsOf(claiming, reads, claim, { claims, rows }, signal);
    const holds = rows.some((row) => isOf(identity, row) && row.holds);
    if (rivals.some((rival) => rival.holds) || (rivals.length > 0 && !holds)) {
      reportContested(claiming, [person, ...rivals.map((rival) => rival.identity.reference)]);
      refused.add(person);
    } else if (!(await isConfirmed(claiming, { person, userId }, signal))) refused.add(person);
  }
  return refused;
}

/** Tells the operator, by the ids of the resources alone. */
export function reportContested(
  { log, metrics }: Pick<Bridge, 'log' | 'metrics'>,
  references: readonly FhirReference[],
): void {
  metrics.contestedAccounts.inc();
  log.warn(
    { references },
    'Several people claim one Matrix account; it counts as nobody’s who did not have it',
  );
}

async function rivalsOf(
  claiming: Claiming,
  reads: ReadSet,
  { identity, userId }: Claim,
  { claims, rows }: { readonly claims: readonly Claim[]; readonly rows: readonly BearerRow[] },
  signal: AbortSignal,
): Promise<readonly Rival[]> {
  const beside = claims.filter((each) => each.userId === userId);
  const others = rows.filter((row) => !isOf(identity, row));
  await reads.read(others.map(({ reference }) => reference));
  const rivals: Rival[] = beside.map((each) => ({
    identity: each.identity,
    holds: rows.some((row) => isOf(each.identity, row) && row.holds),
  }));
  for (const { reference, holds, isStored } of others) {
    const bearer = await bearerOf(claiming, reads, { reference, userId }, signal);
    if (bearer !== undefined) rivals.push({ identity: bearer, holds: holds || isStored });
  }
  return rivals.filter((rival) => !isSamePerson(rival.identity, identity));
}

function isOf({ reference, roles }: Identity, row: BearerRow): boolean {
  return (
    row.reference === reference ||
    roles.some(({ role }) => row.reference === `PractitionerRole/${role.id ?? ''}`)
  );
}
