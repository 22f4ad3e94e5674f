// What directories' servers may do to the bridge: redirects, foreign links, missing abilities, tokens that end, answers of no form.
import { describe, expect, test } from 'vitest';
import { connectFhirDirectory } from '../../../src/app/identity/connections.ts';
import type { Capabilities } from '../../../src/fhir/searches.ts';
import { createKeycloakApi } from '../../../src/identity/directories/keycloak/api.ts';
import { createMcsdFeed } from '../../../src/identity/directories/mcsd/feed.ts';
import { createMcsdPeople } from '../../../src/identity/directories/mcsd/people.ts';
import { createMcsdDirectory } from '../../../src/identity/directories/mcsd/directory.ts';
import { createDirectoryServer } from '../../../src/identity/directories/directory-server.ts';
import {
  createHomeserverDiscovery,
  createNutsSource,
} from '../../../src/identity/directories/homeserver-discovery.ts';
import type { Clock } from '../../../src/domain/clock.ts';
import type { Answer, SeenRequest } from '../../builders/http.ts';
import { serveScript } from '../../builders/http.ts';
import { describeError } from '../../../src/telemetry/logger.ts';
import { recordingLog } from '../../builders/log.ts';
import { threepid } from './identity-database.ts';

const signal = new AbortController().signal;
const FHIR = { 'content-type': 'application/fhir+json' };
const bundle = (over: object = {}): Answer => ({
  headers: FHIR,
  body: { resourceType: 'Bundle', type: 'searchset', ...over },
});
const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

function server(baseUrl: string, over: { allowPrivateAddresses?: boolean; requestTimeoutMs?: number } = {}) {
  return createDirectoryServer({
    ...{ name: 'mcsd', baseUrl, allowPrivateAddresses: true, requestTimeoutMs: 5000, ...over },
    observe: () => () => undefined,
  });
}

function fhirDirectory(
  baseUrl: string,
  clock: Clock,
  over: { allowPrivateAddresses?: boolean; timeoutMs?: number } = {},
) {
  const timeoutMs = over.timeoutMs ?? 5000;
  return connectFhirDirectory(
    { metrics: { observeDirectory: () => () => undefined }, clock },
    { name: 'mcsd', baseUrl, bearerToken: 'secret-token', allowPrivateAddresses: true, ...over },
    timeoutMs,
  );
}

/** A FHIR directory at a URL, with a clock that the test moves. */
function fhirAt(url: string, time = { ms: 0 }) {
  const clock = { now: () => new Date(time.ms), monotonicMs: () => time.ms };
  const fhir = fhirDirectory(`${url}/fhir`, clock);
  const people = createMcsdPeople({ fhir, accepts: () => Promise.resolve(true), clock, isLenient: false });
  const feed = createMcsdFeed({ fhir, people, clock, overlapMs: 0, passEveryMs: 1000 });
  return { fhir, mcsd: createMcsdDirectory({ fhir, people, feed }) };
}

describe('where requests go', () => {
  test.each([
    'http://directory.example.org/fhir',
    'https://127.0.0.1/fhir',
    'https://10.0.0.8/fhir',
    'https://[::1]/fhir',
    'https://[fd00::1]/fhir',
  ])('%s is refused unless private addresses are allowed', (baseUrl) => {
    expect(() => server(baseUrl, { allowPrivateAddresses: false })).toThrow('directory-address');
    expect(() => server(baseUrl)).not.toThrow();
  });

  test('a name that leads to a private address is refused when it is resolved', async () => {
    const local = server('https://localhost:1/fhir', { allowPrivateAddresses: false });
    const request = { operation: 'read', method: 'GET', path: 'metadata', signal } as const;
    expect(await failureOf(local.request(request))).toMatchObject({
      message: 'directory-unavailable: mcsd read: EPRIVATEADDRESS',
    });
  });

  test('a redirect is not followed', async () => {
    const { url, seen } = await serveScript(() => ({
      status: 307,
      headers: { location: 'http://127.0.0.1:1/elsewhere' },
    }));
    const failure = await failureOf(fhirAt(url).fhir.search('Practitioner', [], 10, signal));
    expect(failure).toMatchObject({ message: 'directory-answer: mcsd search Practitioner: 307' });
    expect(seen).toHaveLength(1);
  });

  test.each(['http://127.0.0.1:1/fhir?page=2', 'http://user@HOST/fhir?page=2', 'http://HOST/other?page=2'])(
    'a next link to %s is not followed',
    async (link) => {
      const { url, seen } = await serveScript(({ headers }) =>
        bundle({ link: [{ relation: 'next', url: link.replace('HOST', headers.host ?? '') }] }),
      );
      const failure = await failureOf(fhirAt(url).fhir.search('Practitioner', [], 10, signal));
      expect(failure).toMatchObject({ code: 'directory-answer' });
      expect(seen).toHaveLength(1);
    },
  );

  test('a server that does not answer in time is told without its URL', async () => {
    const { url } = await serveScript(() => undefined);
    const slow = server(url, { requestTimeoutMs: 30 });
    const request = {
      operation: 'search',
      method: 'POST',
      path: 'x',
      form: [['a', 'an@hs.nl']],
      signal,
    } as const;
    const failure = await failureOf(slow.request(request));
    expect(failure).toMatchObject({ code: 'directory-unavailable', cause: undefined });
    expect(String(failure)).toMatch(/^BridgeError: directory-unavailable: mcsd search: [A-Za-z ]+$/);
  });
});

describe('a FHIR directory', () => {
  test('is asked by POST, with the number in the body and the token in a header', async () => {
    const { url, seen } = await serveScript(() => bundle());
    await fhirAt(url).mcsd.resolve(threepid('uzi_nr 000012345'), signal);
    const [{ method, url: asked, body, headers }] = seen as [SeenRequest];
    expect(`${method} ${asked.pathname}${asked.search}`).toBe('POST /fhir/Practitioner/_search');
    expect(headers.authorization).toBe('Bearer secret-token');
    expect(new URLSearchParams(body).get('identifier')?.split(',')).toEqual(
      [
        'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers',
        'http://fhir.nl/fhir/NamingSystem/uzi',
        'urn:oid:2.16.528.1.1007.3.1',
      ].flatMap((system) => [`${system}|000012345`, `${system}|12345`]),
    );
  });

  const capabilities = (searchParam: readonly string[], interaction: readonly string[] = []): Answer => ({
    headers: FHIR,
    body: {
      resourceType: 'CapabilityStatement',
      rest: [
        {
          resource: ['Practitioner', 'PractitionerRole', 'Organization'].map((type) => ({
            type,
            searchParam: searchParam.map((name) => ({ name })),
            interaction: interaction.map((code) => ({ code })),
          })),
        },
      ],
    },
  });

  test('that cannot search by e-mail is not asked to', async () => {
    const { url, seen } = await serveScript(() => capabilities(['identifier', 'name']));
    expect(await fhirAt(url).mcsd.resolve(threepid('email an@hs.nl'), signal)).toEqual({ kind: 'unknown' });
    expect(seen.map((request) => request.url.pathname)).toEqual(['/fhir/metadata']);
  });

  test('an e-mail address cannot add to the search', async () => {
    const { url, seen } = await serveScript((_, index) =>
      index === 0 ? capabilities(['telecom']) : bundle(),
    );
    await fhirAt(url).mcsd.resolve(threepid('email a,phone|1$2@hs.nl'), signal);
    expect(new URLSearchParams(seen[1]?.body).get('telecom')).toBe(String.raw`email|a\,phone\|1\$2@hs.nl`);
  });

  test('that refuses parts of names is asked for names with what stands before them', async () => {
    const { url, seen } = await serveScript((_, index) => (index === 0 ? { status: 405 } : bundle()));
    const { mcsd } = fhirAt(url);
    await mcsd.search('berg', 5, signal);
    await mcsd.search('berg', 5, signal);
    const names = seen.map(({ body }) => [...new URLSearchParams(body)][0]);
    expect(names[0]).toEqual(['name:contains', 'berg']);
    expect(names[1]).toEqual([
      'name',
      'berg,van berg,de berg,van de berg,van der berg,van den berg,den berg,ter berg,ten berg',
    ]);
    expect(names[2]).toEqual(names[1]);
  });

  test('without a history is read whole again each time', async () => {
    const { url, seen } = await serveScript(({ url: asked }) =>
      asked.pathname.endsWith('metadata')
        ? capabilities([])
        : bundle({ meta: { lastUpdated: '2026-01-01T00:00:00Z' } }),
    );
    const { mcsd } = fhirAt(url);
    const first = await mcsd.list?.(undefined, signal);
    const second = await mcsd.list?.(first?.position, signal);
    expect([first?.done, second?.done]).toEqual([true, true]);
    expect(second?.pass).not.toBe(first?.pass);
    expect(seen.some((request) => request.url.pathname.includes('_history'))).toBe(false);
  });

  test('what it says it can do is believed for an hour', async () => {
    const { url, seen } = await serveScript(() => capabilities(['telecom']));
    const time = { ms: 0 };
    const { fhir } = fhirAt(url, time);
    const read = (): Promise<Capabilities> => fhir.capabilities(signal);
    expect((await read()).searches('Practitioner', 'telecom')).toBe(true);
    expect((await read()).searches('Practitioner', 'email')).toBe(false);
    time.ms = 3_600_001;
    await read();
    expect(seen).toHaveLength(2);
  });
});

describe('Keycloak’s token', () => {
  /** Answers as Keycloak does; `refuses` says which uses of a token are refused. */
  async function keycloak(expiresIn: number, refuses: (token: string) => boolean = () => false) {
    let issued = 0;
    const { url, seen } = await serveScript(({ url: asked, headers }) => {
      if (asked.pathname.endsWith('/token')) {
        return { body: { access_token: `token ${(issued += 1)}`, expires_in: expiresIn } };
      }
      const token = headers.authorization?.slice('Bearer '.length) ?? '';
      return refuses(token) ? { status: 401, body: { error: 'HTTP 401 Unauthorized' } } : { body: [] };
    });
    const time = { ms: 0 };
    const clock = { now: () => new Date(time.ms), monotonicMs: () => time.ms };
    const api = createKeycloakApi({
      ...{ server: server(url), realm: 'care', clock },
      client: { clientId: 'bridge', clientSecret: 'bridge-secret' },
    });
    const used = (): readonly (string | undefined)[] =>
      seen.map(({ headers }) => headers.authorization).filter((value) => value !== undefined);
    return { api, time, used, ask: () => api.users([['max', '1']], signal) };
  }

  test('is renewed shortly before it ends, and short ones at half their life', async () => {
    const long = await keycloak(300);
    await long.ask();
    long.time.ms = 269_000;
    await long.ask();
    long.time.ms = 271_000;
    await long.ask();
    expect(long.used()).toEqual(['Bearer token 1', 'Bearer token 1', 'Bearer token 2']);
    const short = await keycloak(10);
    await short.ask();
    short.time.ms = 5_001;
    await short.ask();
    expect(short.used()).toEqual(['Bearer token 1', 'Bearer token 2']);
  });

  test('that is refused before its time is fetched again, once', async () => {
    const revoked = await keycloak(300, (token) => token === 'token 1');
    expect(await revoked.ask()).toEqual([]);
    expect(revoked.used()).toEqual(['Bearer token 1', 'Bearer token 2']);
    const always = await keycloak(300, () => true);
    expect(await failureOf(always.ask())).toMatchObject({ code: 'directory-token' });
    expect(always.used()).toHaveLength(2);
  });
});

describe('a Nuts node', () => {
  const discover = async (answer: Answer) => {
    const { url, seen } = await serveScript(() => answer);
    const log = recordingLog();
    const source = createNutsSource(server(url), {
      ...{ serviceId: 'uzi/matrix', credentialPath: 'organization.ura', parameter: 'homeserver' },
    });
    const clock = { now: () => new Date(0), monotonicMs: () => 0 };
    const find = createHomeserverDiscovery({ known: {}, sources: [source], clock, log, keepMs: 1000 });
    return { find: () => find('90000001', signal), seen, log };
  };
  const presentation = (homeserver: unknown) => ({ registrationParameters: { homeserver } });

  test('tells the homeserver an organisation has registered, and is asked once', async () => {
    const { find, seen } = await discover({ body: [presentation('https://Matrix.HS.nl/'), { vp: 'x' }] });
    expect(await find()).toBe('matrix.hs.nl');
    expect(await find()).toBe('matrix.hs.nl');
    expect(seen.map(({ url }) => `${url.pathname}${url.search}`)).toEqual([
      '/internal/discovery/v1/uzi%2Fmatrix?credentialSubject.organization.ura=90000001',
    ]);
  });

  test('two different ones, or what is no server name, is none', async () => {
    expect(
      await (await discover({ body: [presentation('a.nl'), presentation('b.nl')] })).find(),
    ).toBeUndefined();
    expect(
      await (await discover({ body: [presentation('a.nl/path'), presentation(4)] })).find(),
    ).toBeUndefined();
    expect(await (await discover({ status: 404 })).find()).toBeUndefined();
  });

  test('that fails is no "none"', async () => {
    const { find, log } = await discover({ status: 500 });
    expect(await failureOf(find())).toMatchObject({ code: 'directory-unavailable' });
    const { source, error } = log.lines[0]?.fields ?? {};
    expect([source, describeError(error)]).toMatchObject([
      'mcsd',
      { code: 'directory-unavailable', message: 'directory-unavailable: mcsd discover: 500' },
    ]);
  });
});
