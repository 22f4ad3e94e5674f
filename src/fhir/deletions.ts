// Deleted resources: only the history of their type shows them (https://hl7.org/fhir/R4/http.html#history).
import { parseResourceUrl, type FhirReference } from '../domain/ids.ts';
import { encodeForm } from '../net/http.ts';
import { BridgeError } from '../telemetry/errors.ts';
import { parseBundle, type DeletedEntry } from './bundle.ts';
import { FhirRefusal, type FhirClient } from './client.ts';

/** A resource that was deleted. */
export interface Deletion {
  readonly reference: FhirReference;
  /** The version that the deletion made. */
  readonly versionId: string;
}

/** A page of deletions, with the server's time of the answer. */
export interface DeletionPage {
  readonly deletions: readonly Deletion[];
  readonly serverTime: string | undefined;
}

const PAGE = '100';
/** A server that gives more pages gives them without end. */
const MOST_PAGES = 10_000;

/**
 * The deletions of a type since an instant, newest first, page by page.
 * @throws BridgeError when the server fails, or gives pages without end
 */
export async function* deletionsSince(
  client: FhirClient,
  resourceType: string,
  since: string,
  signal?: AbortSignal,
): AsyncGenerator<DeletionPage> {
  const operation = `history ${resourceType}`;
  const headers = { 'cache-control': 'no-cache' };
  let path: string | undefined = `${resourceType}/_history?${encodeForm([
    ['_since', since],
    ['_count', PAGE],
  ])}`;
  for (let pages = 0; path !== undefined; pages += 1) {
    if (pages === MOST_PAGES)
      throw new BridgeError(client.answerCode, `${operation}: more than ${MOST_PAGES} pages`);
    const body = await client.request({ operation, method: 'GET', path, headers, signal });
    const page = parseBundle(client, operation, body);
    const deletions = page.deleted.flatMap((entry) => deletionIn(entry, resourceType) ?? []);
    yield { deletions, serverTime: page.serverTime };
    // Servers link to a next page also where it is empty.
    path = page.size === 0 ? undefined : page.next;
  }
}

function deletionIn({ url, etag }: DeletedEntry, resourceType: string): Deletion | undefined {
  const parsed = parseResourceUrl(url);
  const versionId =
    /\/_history\/([A-Za-z0-9\-.]{1,64})$/.exec(url)?.[1] ?? /"([^"]{1,64})"/.exec(etag ?? '')?.[1];
  if (parsed?.resourceType !== resourceType || versionId === undefined) return undefined;
  return { reference: parsed.reference, versionId };
}

/** Whether an error says that the server keeps no history of a type. */
export function hasNoHistory(error: unknown): boolean {
  return error instanceof FhirRefusal && [400, 404, 405, 501].includes(error.status);
}
