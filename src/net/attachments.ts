// Fetches the files that FHIR attachments point to: Binaries of the FHIR server itself, and files of hosts that the operator listed.
import { describeFailure, HttpFailure } from './failure.ts';
import { baseOf, createHttp, isBelow, type OpenAnswer } from './http.ts';

/** Where files may be fetched from. */
export interface AttachmentSources {
  /** The FHIR server, with the credentials that only it is shown. */
  readonly baseUrl: string;
  readonly bearerToken: string | undefined;
  /** Other hosts, as `host` or `host:port`. */
  readonly allowedHosts: readonly string[];
  /** Whether those hosts may have private addresses and speak plain http. */
  readonly allowPrivateAddresses: boolean;
  /** How long a whole file may take. */
  readonly timeoutMs: number;
  /** The largest file. */
  readonly maxBytes: number;
}

/** A URL that may be fetched. */
interface Place {
  readonly url: URL;
  /** Whether it is a Binary of the FHIR server itself. */
  readonly isOwn: boolean;
}

/** What came of a fetch, and whether it was of the FHIR server itself. */
export type Fetched =
  | { readonly kind: 'answer'; readonly isOwn: boolean; readonly answer: OpenAnswer }
  | { readonly kind: 'failed'; readonly isOwn: boolean; readonly failure: HttpFailure }
  /** It leads to where files may not be fetched from, at once or by a redirect. */
  | { readonly kind: 'not-allowed' };

/** Such as the storage service to which a FHIR server hands over a Binary. */
const MOST_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/**
 * Nothing else of the FHIR server is a file: with the bridge's credentials, an attachment that points to `Patient/1` or to an
 * operation would show its author what they may not read.
 */
const BINARY = /^Binary\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/**
 * Judges the URL of an attachment.
 * @param from where a relative one stands: the base of the FHIR server, or the URL that redirects
 * @returns undefined when it may not be fetched
 */
export function placeOf(
  reference: string,
  from: URL,
  { baseUrl, allowedHosts }: Pick<AttachmentSources, 'baseUrl' | 'allowedHosts'>,
): Place | undefined {
  const url = URL.parse(reference, from.href);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    return undefined;
  url.hash = '';
  const base = baseOf(baseUrl);
  if (isBelow(url, base))
    return url.search === '' && BINARY.test(url.pathname.slice(base.pathname.length))
      ? { url, isOwn: true }
      : undefined;
  return allowedHosts.some((host) => host.toLowerCase() === url.host) ? { url, isOwn: false } : undefined;
}

/** Creates the fetching of attachments. Every redirect is judged as the URL itself was. */
export function createAttachmentFetch(sources: AttachmentSources) {
  const { bearerToken, allowPrivateAddresses, maxBytes, timeoutMs } = sources;
  const base = baseOf(sources.baseUrl);
  // One byte more, so that a file that is too large is told from one that is just as large as it may be.
  const limits = { largestAnswerBytes: maxBytes + 1, timeoutMs };
  const toOwn = createHttp({ ...limits, allowPrivateAddresses: true });
  const toListed = createHttp({ ...limits, allowPrivateAddresses });
  const credentials = bearerToken === undefined ? {} : { authorization: `Bearer ${bearerToken}` };

  function open({ url, isOwn }: Place, signal: AbortSignal | undefined): Promise<OpenAnswer | HttpFailure> {
    const headers = { accept: '*/*', ...(isOwn && credentials) };
    const opened = (isOwn ? toOwn : toListed).open({ method: 'GET', url, headers, signal });
    return opened.catch((error: unknown) => describeFailure(error, signal));
  }

  /** Opens the file of an attachment. */
  return async (reference: string, signal?: AbortSignal): Promise<Fetched> => {
    let [from, next] = [base, reference];
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects += 1) {
      const place = placeOf(next, from, sources);
      if (place === undefined) break;
      const { isOwn } = place;
      const answer = await open(place, signal);
      if (answer instanceof HttpFailure) {
        if (answer.reason === 'private-address') break;
        return { kind: 'failed', isOwn, failure: answer };
      }
      const location = REDIRECTS.has(answer.status) ? answer.header('location') : undefined;
      if (location === undefined) return { kind: 'answer', isOwn, answer };
      answer.close();
      [from, next] = [place.url, location];
    }
    return { kind: 'not-allowed' };
  };
}

export type AttachmentFetch = ReturnType<typeof createAttachmentFetch>;
