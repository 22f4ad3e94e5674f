// One request to a directory's server: the configured base URL and nothing else, no redirects, a deadline, an answer of limited size.
import { Agent as HttpAgent, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { BridgeError } from '../../telemetry/errors.ts';
import type { RequestObserver } from '../../telemetry/metrics.ts';
import { isPublicAddress, lookupPublic } from '../protection/public-addresses.ts';

/** Certificates of our side and of theirs, as PEM: directories of care demand mutual TLS. */
export interface DirectoryTls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Where a directory's server is, and what it may be. */
export interface DirectoryServerConfig {
  /** For errors and metrics: `mcsd`, `keycloak`. */
  readonly name: string;
  readonly baseUrl: string;
  /** Whether its address may be a private one, and its protocol plain http. */
  readonly allowPrivateAddresses: boolean;
  readonly tls?: DirectoryTls | undefined;
  readonly requestTimeoutMs: number;
  readonly observe: RequestObserver;
}

/** A request. Whatever is personal goes into the form or the JSON, where the interface has a way to say it there. */
export interface DirectoryRequest {
  /** What it does, in a few fixed words: for metrics, logs and errors in place of the URL. */
  readonly operation: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  /** Path below the base URL, with its query; or a whole URL at the same origin and below it, as servers give for the next page. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form?: readonly (readonly [string, string])[];
  readonly json?: unknown;
  readonly signal: AbortSignal;
}

/** An answer, whatever its status; `body` is undefined when it is no JSON. */
export interface DirectoryAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly etag: string | undefined;
}

/** Makes requests to one directory's server. */
export interface DirectoryServer {
  readonly name: string;
  /** @throws BridgeError when there is no answer; what a status means is for the caller */
  readonly request: (request: DirectoryRequest) => Promise<DirectoryAnswer>;
  /** Whether a URL that the server names is its own: at the same origin, at or below the base. */
  readonly owns: (url: string) => boolean;
}

const LARGEST_ANSWER_BYTES = 16 * 1024 * 1024;
const SOCKETS = 16;
/** Codes of Node and OpenSSL when either side's certificate is not accepted, or ours cannot be used. */
const ABOUT_CERTIFICATES =
  /^(ERR_(SSL|TLS|OSSL)_|EPROTO$|(SELF_SIGNED|UNABLE_TO|HOSTNAME)_|(INVALID|DEPTH_ZERO|PATH_LENGTH)_|(ERROR_IN_)?CERT_)/;

/**
 * Creates the connection to a server. Connections go to the address that was checked.
 * @throws BridgeError `directory-address` when the base URL is private or not encrypted, and may not be
 */
export function createDirectoryServer(config: DirectoryServerConfig): DirectoryServer {
  const base = new URL(config.baseUrl.replace(/\/*$/, '/'));
  const secure = base.protocol === 'https:';
  refuseUnlessAllowed(config, base);
  const agentOptions = { keepAlive: true, maxSockets: SOCKETS, ...config.tls };
  const agent = secure ? new HttpsAgent(agentOptions) : new HttpAgent(agentOptions);

  async function exchange(request: DirectoryRequest): Promise<DirectoryAnswer> {
    const url = new URL(request.path, base);
    if (!isBelow(url, base)) throw foreignUrl(config.name, request.operation);
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(config.requestTimeoutMs)]);
    const body = encodedBody(request);
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = (secure ? httpsRequest : httpRequest)(
        url,
        {
          method: request.method,
          agent,
          signal,
          headers: { Accept: 'application/json', ...body?.headers, ...request.headers },
          ...(config.allowPrivateAddresses ? {} : { lookup: lookupPublic }),
        },
        resolve,
      );
      outgoing.on('error', reject);
      outgoing.end(body?.text);
    });
    const { statusCode = 0, headers } = incoming;
    return { status: statusCode, body: parsed(await readText(incoming)), etag: headers.etag };
  }

  return {
    name: config.name,
    owns: (url) => URL.canParse(url, base.href) && isBelow(new URL(url, base), base),
    async request(request) {
      const end = config.observe(`${config.name} ${request.operation}`);
      try {
        const answer = await exchange(request);
        end(String(answer.status));
        return answer;
      } catch (error) {
        end('no answer');
        if (error instanceof BridgeError) throw error;
        request.signal.throwIfAborted();
        // No cause: an error of the network may name the URL.
        const code = codeOf(error);
        throw new BridgeError(
          ABOUT_CERTIFICATES.test(code) ? 'directory-certificate' : 'directory-unavailable',
          `${config.name} ${request.operation}: ${code}`,
        );
      }
    },
  };
}

/** What a status that is no success means; undefined for successes. */
export function statusError(
  server: Pick<DirectoryServer, 'name'>,
  operation: string,
  status: number,
): BridgeError | undefined {
  if (status >= 200 && status < 300) return undefined;
  const detail = `${server.name} ${operation}: ${status}`;
  if (status === 401 || status === 403) return new BridgeError('directory-token', detail);
  if (status === 409 || status === 412) return new BridgeError('directory-conflict', detail);
  if (status >= 500 || status === 408 || status === 429) {
    return new BridgeError('directory-unavailable', detail);
  }
  // A redirect is not followed: it would carry credentials and numbers elsewhere.
  return new BridgeError(status < 400 ? 'directory-answer' : 'directory-refused', detail);
}

function refuseUnlessAllowed({ name, allowPrivateAddresses }: DirectoryServerConfig, base: URL): void {
  if (allowPrivateAddresses) return;
  const host = base.hostname.replace(/^\[|\]$/g, '');
  // Names are judged whenever they are resolved; addresses are not resolved, so they are judged here.
  if (base.protocol === 'https:' && (isIP(host) === 0 || isPublicAddress(host))) return;
  throw new BridgeError('directory-address', `${name}: its base URL is private or not encrypted`);
}

const isBelow = (url: URL, base: URL): boolean =>
  url.origin === base.origin &&
  url.username === '' &&
  `${url.pathname.replace(/\/*$/, '')}/`.startsWith(base.pathname);

const foreignUrl = (name: string, operation: string): BridgeError =>
  new BridgeError('directory-answer', `${name} ${operation}: a link leads to another server`);

function encodedBody({ form, json }: DirectoryRequest) {
  if (form !== undefined) {
    const text = new URLSearchParams(form.map(([name, value]): [string, string] => [name, value])).toString();
    return { text, headers: { 'Content-Type': 'application/x-www-form-urlencoded' } };
  }
  if (json === undefined) return undefined;
  return { text: JSON.stringify(json), headers: { 'Content-Type': 'application/json' } };
}

async function readText(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LARGEST_ANSWER_BYTES) {
      incoming.destroy();
      throw Object.assign(new Error('The answer is too large'), { code: 'ETOOLARGE' });
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && error.name === 'AbortError') return 'no answer in time';
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z0-9_]{1,60}$/.test(code) ? code : 'no answer';
}
