// The second port of a running bridge: who is in a FHIR directory is found by ma1sd's backend and by the Identity Service API.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { reservePort } from '../../stack/ports.ts';
import { waitUntil } from '../../stack/wait.ts';
import { createCareDirectory, email, tagged } from './care-directory.ts';
import type { TestContext } from './context.ts';
import { startContext } from './context.ts';

const { practitioner, run, uzi } = createCareDirectory();
const SECRET = 'a-secret-of-the-backend';
const SINGLE = '/_ma1sd/backend/api/v1/identity/single';
const V2 = '/_matrix/identity/v2';

let context: TestContext;
let port = '';

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function ask(path: string, { token, body }: { token?: string; body?: unknown } = {}): Promise<Answer> {
  const response = await fetch(`${port}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const single = (medium: string, address: string): Promise<Answer> =>
  ask(SINGLE, { token: SECRET, body: { lookup: { medium, address } } });

async function register(): Promise<string> {
  const openId = await context.nurse.client.getOpenIdToken();
  const { status, body } = await ask(`${V2}/account/register`, { body: openId });
  expect(status).toBe(200);
  return (body as { token: string }).token;
}

describe.skipIf(inject('stackMissing'))('the second port', () => {
  beforeAll(async () => {
    const { hapi, synapse } = inject('stack');
    const account = `@an-${run}:${synapse.serverName}`;
    // Written in another case than asked: the local table finds it all the same.
    await practitioner('an', uzi(1), { telecom: [tagged(account), email(`An@${run}.nl`)] });
    await practitioner('far', uzi(2), { telecom: [tagged('@far:elsewhere.example')] });
    const number = await reservePort();
    port = `http://127.0.0.1:${number}`;
    context = await startContext({
      BRIDGE_IDENTITY_ENABLED: 'true',
      BRIDGE_IDENTITY_PORT: String(number),
      BRIDGE_IDENTITY_BACKEND_AUTH: 'bearer',
      BRIDGE_IDENTITY_BACKEND_SECRET: SECRET,
      BRIDGE_IDENTITY_DIRECTORIES: JSON.stringify([
        { kind: 'local' },
        {
          ...{ kind: 'mcsd', name: 'care', baseUrl: hapi.url, allowPrivateAddresses: true },
          ...{ trustedServers: [synapse.serverName], syncSeconds: 1, overlapSeconds: 5, timeoutSeconds: 5 },
        },
      ]),
      BRIDGE_IDENTITY_DIRECTORIES_BUDGET_SECONDS: '10',
    });
    await waitUntil(async () => (await ask('/health/ready')).status === 200, {
      ...{ what: 'the second port is ready', timeoutMs: 60_000, everyMs: 100 },
    });
    await waitUntil(async () => 'lookup' in ((await single('email', `an@${run}.nl`)).body as object), {
      ...{ what: 'the local table was filled', timeoutMs: 60_000, everyMs: 100 },
    });
  });
  afterAll(() => context.end());

  test('says that it lives', async () => {
    expect(await ask('/health')).toEqual({ status: 200, body: { status: 'healthy' } });
  });

  test('ma1sd finds a practitioner by e-mail address and by UZI number, and nobody whose address is not believed', async () => {
    const id = { type: 'mxid', value: `@an-${run}:${context.serverName}` };
    for (const [medium, address] of [
      ['email', `an@${run}.nl`],
      ['uzi_nr', uzi(1)],
    ] as const) {
      expect(await single(medium, address)).toMatchObject({ status: 200, body: { lookup: { id } } });
    }
    expect(await single('uzi_nr', uzi(2))).toEqual({ status: 200, body: {} });
    expect((await ask(SINGLE, { token: 'another secret', body: {} })).status).toBe(403);
  });

  test('a client finds them by hash', async () => {
    const token = await register();
    const details = (await ask(`${V2}/hash_details`, { token })).body as { lookup_pepper: string };
    const hash = (text: string): string =>
      createHash('sha256').update(`${text} ${details.lookup_pepper}`).digest('base64url');
    const [byEmail, byNumber, nobody] = [`an@${run}.nl email`, `${uzi(1)} uzi_nr`, `${uzi(9)} uzi_nr`].map(
      hash,
    );
    const answer = await ask(`${V2}/lookup`, {
      token,
      body: {
        ...{ algorithm: 'sha256', pepper: details.lookup_pepper },
        addresses: [byEmail, byNumber, nobody],
      },
    });
    const account = `@an-${run}:${context.serverName}`;
    expect(answer).toEqual({
      status: 200,
      body: { mappings: { [String(byEmail)]: account, [String(byNumber)]: account } },
    });
  });

  test('its figures name directories and no person', async () => {
    const metrics = await (await fetch(`${context.bridge.opsUrl}/metrics`)).text();
    expect(metrics).toMatch(/bridge_directory_questions_total\{directory="local",result="found"\} \d/);
    expect(metrics).toMatch(/bridge_directory_sync_records\{directory="care",what="saved"\} \d/);
    expect(metrics).toMatch(/bridge_directory_synced_timestamp_seconds\{directory="care"\} \d/);
    expect(metrics).toMatch(/bridge_reader_passes_total\{reader="identity:care",result="ok"\} [1-9]/);
    expect(metrics).toMatch(/bridge_request_seconds_count\{server="directory",operation="care /);
    for (const text of [metrics, await context.bridgeLog()])
      expect(text).not.toMatch(new RegExp(`${uzi(1)}|an@${run}`, 'i'));
  });

  test('asked to end, it leaves nothing behind', async () => {
    await context.bridge.service.stop();
    expect(context.bridge.service.pid()).toBeUndefined();
    expect(await context.bridgeLog()).toContain('"msg":"Stopped"');
    await expect(fetch(`${port}/health`)).rejects.toThrow('fetch failed');
    await expect(fetch(`${context.bridge.url}/health`)).rejects.toThrow('fetch failed');
  });
});
