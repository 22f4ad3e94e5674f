// The number in the bot’s account data, and positions of `/sync` that go back.
import { expect, test } from 'vitest';
import { createMatrixClient } from '../../src/matrix/client.ts';
import { createContinuity, goesBack } from '../../src/matrix/continuity.ts';
import { serveScript } from '../builders/http.ts';
import { BOT } from '../builders/matrix.ts';

test.each([
  ['s9_1_2', 's10_1_2', false],
  ['s9_1_2', 's9_2_2', false],
  ['s10_1_2', 's9_7_7', true],
  // Of other homeservers nothing can be told.
  ['opaque', 's1_0', false],
  ['s10_1', 'opaque', false],
  ['m10~2.5_1', 'm9_1', false],
])('from %s to %s: %s', (before, after, expected) => {
  expect(goesBack(before, after)).toBe(expected);
});

async function continuityOn(kept: unknown) {
  const { url, seen } = await serveScript(({ method }) => {
    if (method === 'PUT') return { body: {} };
    return kept === undefined ? { status: 404, body: { errcode: 'M_NOT_FOUND' } } : { body: kept };
  });
  const client = createMatrixClient({
    ...{ homeserverUrl: url, asToken: 'as-token-0123456789', maxConcurrentRequests: 8 },
    ...{ requestTimeoutMs: 10_000, observe: () => () => undefined },
  });
  return { operations: createContinuity(client), seen };
}

test.each([
  [undefined, 0],
  [{ number: 7 }, 7],
  [{ number: 'seven' }, 0],
  [{}, 0],
])('account data of %o holds the number %i', async (kept, number) => {
  const { operations } = await continuityOn(kept);
  expect(await operations.keptNumber(BOT)).toBe(number);
});

test('the number is kept in the account data of the bot', async () => {
  const { operations, seen } = await continuityOn(undefined);
  await operations.keepNumber(BOT, 8);
  expect(decodeURIComponent(seen[0]?.url.pathname ?? '')).toBe(
    `/_matrix/client/v3/user/${BOT}/account_data/io.github.fhir-matrix-bridge.continuity`,
  );
});
