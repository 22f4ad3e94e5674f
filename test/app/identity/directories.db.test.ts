// The directories put together: what the sync reads from a directory is found in the local table, also when the directory is down.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { composeDirectories } from '../../../src/app/identity/directories.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { neededAttributes } from '../../../src/identity/directories/keycloak/attributes.ts';
import type { Medium } from '../../../src/identity/directories/directory.ts';
import { rotatePeppers } from '../../../src/jobs/rotate-peppers.ts';
import { syncDirectories } from '../../../src/jobs/sync-directories.ts';
import { readPeppers } from '../../../src/store/identity-hashes.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import { LEAST } from '../../builders/config.ts';
import { serveScript } from '../../builders/http.ts';
import { recordingLog } from '../../builders/log.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { threepid } from '../../identity/directories/identity-database.ts';
import { findByHash } from '../../builders/hashed-lookup.ts';

const pool = useBridgeDatabase();
const signal = new AbortController().signal;

test('people of a realm are found by number, by name and by hash', async () => {
  let isUp = true;
  const { url, seen } = await serveScript(({ url: asked }) => {
    if (!isUp) return { status: 503 };
    if (asked.pathname.endsWith('/token')) return { body: { access_token: 'token', expires_in: 300 } };
    if (asked.pathname.endsWith('/users/profile')) {
      return { body: { attributes: [{ name: 'uziNr', permissions: { edit: ['admin'] } }] } };
    }
    const an = { id: '3f2a', username: 'an', email: 'An@HS.nl', emailVerified: true, firstName: 'An' };
    return { body: [{ ...an, lastName: 'Jansen', attributes: { uziNr: ['900000009'] } }] };
  });
  const log = recordingLog();
  const config = await loadConfig(undefined, {
    ...{ ...LEAST, BRIDGE_MATRIX_SERVER_NAME: 'hs.nl', BRIDGE_IDENTITY_ENABLED: 'true' },
    BRIDGE_IDENTITY_DIRECTORIES: JSON.stringify([
      { kind: 'local' },
      {
        ...{ kind: 'keycloak', name: 'hs', baseUrl: url, allowPrivateAddresses: true },
        ...{ realm: 'care', clientId: 'bridge', clientSecret: 'bridge-secret-0123456' },
        usernameIsLocalpart: true,
      },
    ]),
  });
  const [clock, metrics] = [{ now: () => new Date(), monotonicMs: () => performance.now() }, createMetrics()];
  const { directory, synced, checks } = composeDirectories({ config, pool: pool(), clock, log, metrics });
  const jobs = [
    ...syncDirectories({ db: pool(), clock, log, metrics }, synced),
    rotatePeppers({ db: pool(), clock }, config.identity),
  ];
  expect(jobs.map(({ name }) => name)).toEqual(['identity:hs', 'identity:peppers']);
  expect(jobs.map(({ intervalMs }) => intervalMs)).toEqual([60_000, 60_000]);
  const [check] = checks;
  expect(check).toMatchObject({ directory: 'hs', needed: ['uziNr'] });
  expect(await check?.unreliable(signal)).toEqual(['uraNr', 'roleCode', 'matrixId']);
  for (const { pass } of jobs) await pass(signal, () => undefined);
  isUp = false;
  const asked = seen.length;

  const found = { kind: 'found', userId: '@an:hs.nl' };
  expect(await directory.resolve(threepid('uzi_nr 900000009'), signal)).toEqual(found);
  expect(await directory.resolve(threepid('email an@hs.nl'), signal)).toEqual(found);
  expect((await directory.search('jans', 5, signal)).map(({ userId }) => userId)).toEqual(['@an:hs.nl']);
  const [{ generation, pepper } = { generation: '', pepper: '' }] = await readPeppers(pool());
  const hash = createHash('sha256').update(`an@hs.nl email ${pepper}`).digest('base64url');
  expect(await findByHash(pool(), generation, hash, ['email'])).toBe('@an:hs.nl');

  // Of whom the table does not know, the directory would have to tell: that it is down is no "unknown".
  await expect(directory.resolve(threepid('email bo@hs.nl'), signal)).rejects.toThrow(
    'directory-unavailable',
  );
  expect(seen.length).toBeGreaterThan(asked);
  expect(JSON.stringify(log.lines)).not.toMatch(/@hs\.nl|900000009|Jansen/);
});

test('what people are looked up by has to be reliable, and who they are unless the username says it', () => {
  const attributes = { uziNr: 'uziNr', uraNr: 'uraNr', roleCode: 'roleCode', matrixId: 'matrixId' };
  const needed = (usernameIsLocalpart: boolean, media: readonly Medium[]) =>
    neededAttributes({ attributes, usernameIsLocalpart }, media);
  expect(needed(true, ['email'])).toEqual([]);
  expect(needed(true, ['email', 'uzi_nr'])).toEqual(['uziNr']);
  expect(needed(false, ['email'])).toEqual(['matrixId']);
  expect(needed(false, ['uzi_nr', 'ura_nr', 'role_code'])).toEqual([
    'uziNr',
    'uraNr',
    'roleCode',
    'matrixId',
  ]);
});
