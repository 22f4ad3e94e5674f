// The policies that users must accept before they are served (https://spec.matrix.org/v1.19/identity-service-api/#terms-of-service).
import type { Pool } from 'pg';
import type { MatrixUserId } from '../../domain/ids.ts';
import type * as accounts from '../../store/identity-accounts.ts';

/** A policy in one language. */
interface PolicyText {
  readonly id: string;
  readonly version: string;
  readonly language: string;
  readonly name: string;
  readonly url: string;
}

export type Policies = ReturnType<typeof createPolicies>;

/** Users known to have accepted all: what is accepted stays so, thus it need not be asked again. */
const REMEMBERED = 10_000;

/** Without texts there is nothing to accept, and every user is served at once. */
export function createPolicies(db: Pool, store: typeof accounts, texts: readonly PolicyText[]) {
  const byId = Map.groupBy(texts, ({ id }) => id);
  const known = new Set(texts.map(({ url }) => url));
  const complete = new Set<MatrixUserId>();
  return {
    /** The body of `GET /terms`. */
    document: {
      policies: Object.fromEntries([...byId].map(([id, translations]) => [id, describePolicy(translations)])),
    },
    /** Whether a user accepted every policy, each in any language. */
    async accepted(userId: MatrixUserId): Promise<boolean> {
      if (byId.size === 0 || complete.has(userId)) return true;
      const urls = await store.acceptedPolicies(db, userId);
      const all = [...byId.values()].every((translations) => translations.some(({ url }) => urls.has(url)));
      if (all && complete.size < REMEMBERED) complete.add(userId);
      return all;
    },
    /** Adds to what a user accepted; URLs of no policy are left out. */
    accept(userId: MatrixUserId, urls: readonly string[]): Promise<void> {
      const accepted = urls.filter((url) => known.has(url));
      return store.acceptPolicies(db, userId, accepted);
    },
  };
}

function describePolicy(translations: readonly PolicyText[]): Readonly<Record<string, unknown>> {
  const [first] = translations;
  return {
    version: first?.version,
    ...Object.fromEntries(translations.map(({ language, name, url }) => [language, { name, url }])),
  };
}
