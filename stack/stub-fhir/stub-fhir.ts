// A FHIR server in memory over HTTP, for load and fault injection only: what it does is held against the real one by
// test/contract. Reads, versions, searches page by page, conditional creates and updates, histories, rest-hooks.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { startHooks } from './hooks.ts';
import { childrenOf, isNode, objectOf, type Json, type JsonObject } from './json.ts';
import { createFhirStore, type FhirStore, type Version } from './store.ts';

/** How to start the stub. */
export interface StubFhirOptions {
  /** How bodies become text, for tests of what `JSON.stringify` cannot write. */
  readonly serialize?: (body: unknown) => string;
}

/** A running stub. */
export interface StubFhir {
  readonly url: string;
  readonly store: FhirStore;
  /** What was asked: method, path and query of each request since the last call. */
  readonly takeTargets: () => readonly string[];
  readonly stop: () => Promise<void>;
}

interface Call {
  readonly store: FhirStore;
  readonly method: string;
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const PAGE = 200;

/** Starts it, empty. */
export async function startStubFhir({ serialize = JSON.stringify }: StubFhirOptions = {}): Promise<StubFhir> {
  const store = createFhirStore(Date.now);
  const hooks = startHooks(store, serialize);
  let targets: string[] = [];
  const server = createServer((request, response) => {
    targets.push(`${request.method ?? ''} ${request.url ?? ''}`);
    void answerTo(store, request).then(({ status, body, headers }) => {
      response.writeHead(status, { 'content-type': 'application/fhir+json', ...headers });
      response.end(Buffer.isBuffer(body) ? body : serialize(body));
    });
  });
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`,
    store,
    takeTargets() {
      const taken = targets;
      targets = [];
      return taken;
    },
    async stop() {
      await hooks.stop();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answerTo(store: FhirStore, request: IncomingMessage): Promise<Answer> {
  try {
    const url = new URL(request.url ?? '', 'http://fhir');
    const [, , ...path] = url.pathname.split('/').map(decodeURIComponent);
    const { method = '', headers } = request;
    const body = await buffer(request);
    const form = path[1] === '_search' ? [...new URLSearchParams(body.toString())] : [];
    return route({
      store,
      method,
      path,
      query: new URLSearchParams([...url.searchParams, ...form]),
      headers,
      body,
    });
  } catch {
    return outcome(400, 'invalid');
  }
}

function route(call: Call): Answer {
  const { store, method } = call;
  const [type = '', id, history, number] = call.path;
  if (type === '') return transact(call);
  if (type === 'metadata') return { status: 200, body: { resourceType: 'CapabilityStatement', rest: [] } };
  if (method === 'GET' && id === '_history') return historyOf(call, type);
  if (id === undefined || id === '_search')
    return method === 'GET' || id !== undefined ? search(call, type) : create(call, type);
  if (method === 'PUT') return update(call, type, id);
  if (history === undefined) return found(store.current(type, id), type);
  if (number !== undefined)
    return found(
      store.versions(type, id).find((version) => String(version.number) === number),
      type,
    );
  const versions = [...store.versions(type, id)].reverse();
  return versions.length === 0
    ? outcome(404, 'not-found')
    : { status: 200, body: bundle(store, 'history', versions, {}) };
}

function found(version: Version | undefined, type: string): Answer {
  if (version === undefined) return outcome(404, 'not-found');
  const { resource } = version;
  if (resource === undefined) return outcome(410, 'deleted');
  const { contentType = '', data } = Object.fromEntries(childrenOf(resource));
  if (type === 'Binary' && typeof data === 'string' && typeof contentType === 'string')
    return {
      status: 200,
      body: Buffer.from(data, 'base64'),
      headers: { 'content-type': contentType },
    };
  return { status: 200, body: resource };
}

function search({ store, query }: Call, type: string): Answer {
  const all = store.search(type, query);
  if (query.get('_summary') === 'count')
    return { status: 200, body: bundle(store, 'searchset', [], { total: all.length }) };
  const offset = Number(query.get('offset') ?? 0);
  const count = Number(query.get('_count') ?? PAGE);
  const next = new URLSearchParams(query);
  next.set('offset', String(offset + count));
  const link = offset + count < all.length ? [{ relation: 'next', url: `${type}?${next.toString()}` }] : [];
  const elements = query.get('_elements')?.split(',');
  const page = all.slice(offset, offset + count).map((version) => withElements(version, elements));
  return { status: 200, body: bundle(store, 'searchset', page, { link }) };
}

function withElements(version: Version, elements: readonly string[] | undefined): Version {
  const { resource } = version;
  if (elements === undefined || resource === undefined || !isNode(resource)) return version;
  const shown = new Set(['resourceType', 'id', ...elements]);
  return { ...version, resource: objectOf(childrenOf(resource).filter(([name]) => shown.has(name))) };
}

function historyOf({ store, query }: Call, type: string): Answer {
  const since = Date.parse(query.get('_since') ?? '1970-01-01T00:00:00Z');
  return { status: 200, body: bundle(store, 'history', store.history(type, since), {}) };
}

function create({ store, headers, body }: Call, type: string): Answer {
  const condition = headers['if-none-exist'];
  const existing =
    typeof condition === 'string' ? store.search(type, new URLSearchParams(condition))[0] : undefined;
  if (existing !== undefined) return { status: 200, body: existing.resource };
  const { id, resource } = store.put(type, `made-${store.all(type).length + 1}`, resourceIn(body));
  return { status: 201, body: resource, headers: { location: `${type}/${id}/_history/1` } };
}

function update({ store, headers, body }: Call, type: string, id: string): Answer {
  const before = store.current(type, id);
  const ifMatch = headers['if-match'];
  if (ifMatch !== undefined && !isCurrent(store, { type, id, ifMatch })) return outcome(412, 'conflict');
  const given =
    type === 'Binary' && headers['content-type']?.includes('json') !== true
      ? { contentType: headers['content-type'] ?? '', data: body.toString('base64') }
      : resourceIn(body);
  return { status: before === undefined ? 201 : 200, body: store.put(type, id, given).resource };
}

/** A transaction that writes resources under their own ids. */
function transact({ store, body }: Call): Answer {
  const writes = childrenOf(fieldOf(resourceIn(body), 'entry')).map(([, entry]) => {
    const request = fieldOf(entry, 'request');
    const [url, ifMatch] = [fieldOf(request, 'url'), fieldOf(request, 'ifMatch')];
    const [type = '', id = ''] = typeof url === 'string' ? url.split('/') : [];
    const resource = objectOf(childrenOf(fieldOf(entry, 'resource')));
    const isOutdated = typeof ifMatch === 'string' && !isCurrent(store, { type, id, ifMatch });
    return { type, id, resource, isOutdated };
  });
  if (writes.some(({ isOutdated }) => isOutdated)) return outcome(412, 'conflict');
  const entry = writes.map(({ type, id, resource }) => {
    const version = store.put(type, id, resource);
    const response = { status: version.number === 1 ? '201 Created' : '200 OK' };
    return { resource: version.resource, response };
  });
  return { status: 200, body: { resourceType: 'Bundle', type: 'transaction-response', entry } };
}

function isCurrent(
  store: FhirStore,
  { type, id, ifMatch }: { readonly type: string; readonly id: string; readonly ifMatch: string },
): boolean {
  return /"(.*)"/.exec(ifMatch)?.[1] === String(store.current(type, id)?.number);
}

/** @throws SyntaxError for what is no resource */
function resourceIn(body: Buffer): JsonObject {
  const parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as JsonObject;
  if (!isNode(parsed) || typeof parsed['resourceType'] !== 'string')
    throw new SyntaxError('Expected a resource');
  return parsed;
}

function bundle(store: FhirStore, type: string, versions: readonly Version[], over: object): object {
  return {
    ...{ resourceType: 'Bundle', type, meta: { lastUpdated: store.serverTime() }, ...over },
    entry: versions.map(({ type: resourceType, id, number, resource }) => ({
      ...(resource !== undefined && { resource }),
      request: {
        method: resource === undefined ? 'DELETE' : 'PUT',
        url: `${resourceType}/${id}/_history/${number}`,
      },
    })),
  };
}

function fieldOf(value: Json, name: string): Json {
  return new Map(childrenOf(value)).get(name) ?? null;
}

function outcome(status: number, code: string): Answer {
  return { status, body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code }] } };
}
