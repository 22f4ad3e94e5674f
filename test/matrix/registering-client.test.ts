// A user or a device that the homeserver does not know any more is registered anew, once, and the request made again.
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { createMatrixClient, success, type MatrixRequest } from '../../src/matrix/client.ts';
import { withRegistration } from '../../src/matrix/registering-client.ts';
import type { Answer } from '../builders/http.ts';
import { serveScript } from '../builders/http.ts';
import { userId } from '../builders/matrix.ts';

const GHOST = userId('@_fhir_7:example.org');
const UNKNOWN_DEVICE = [400, 'M_UNKNOWN_DEVICE', 'no such device'] as const;
const UNKNOWN_USER = [
  403,
  'M_FORBIDDEN',
  'Application service has not registered this user (@_fhir_7:example.org)',
] as const;
const refusal = ([status, errcode, error]: readonly [number, string, string]): Answer => ({
  status,
  body: { errcode, error },
});

/** A homeserver that refuses a request with a device so often, whatever was registered. */
async function world(refused: Answer, times: number) {
  const asked: string[] = [];
  const registered: string[] = [];
  let left = times;
  const { url } = await serveScript(({ method, url: { pathname, searchParams } }) => {
    asked.push(`${method} ${pathname.replace('/_matrix/client/v3/', '')}`);
    if (searchParams.has('device_id') && left > 0) {
      left -= 1;
      return refused;
    }
    return { body: {} };
  });
  const client = withRegistration({
    client: createMatrixClient({
      ...{ homeserverUrl: url, asToken: 'as-token-0123456789', maxConcurrentRequests: 8 },
      ...{ requestTimeoutMs: 10_000, observe: () => () => undefined },
    }),
    onRegistered: (id) => {
      registered.push(id);
      return Promise.resolve();
    },
  });
  const send = (over: Partial<MatrixRequest> = {}) =>
    client.put('send', ['rooms', '!r', 'send'], success, { as: GHOST, ...over });
  return { asked, registered, send };
}

describe.each([
  ['a device', UNKNOWN_DEVICE],
  ['a user', UNKNOWN_USER],
])('%s that the homeserver does not know', (_, refused) => {
  test('is made anew, and the request succeeds', async () => {
    const { asked, registered, send } = await world(refusal(refused), 1);
    await send();
    expect(asked).toEqual(['PUT rooms/!r/send', 'POST register', 'PUT devices/BRIDGE', 'PUT rooms/!r/send']);
    expect(registered).toEqual([GHOST]);
  });

  test('is made anew once: a second refusal is final', async () => {
    const { asked, send } = await world(refusal(refused), 2);
    await expect(send()).rejects.toMatchObject({ code: 'matrix-refused', errcode: refused[1] });
    expect(asked).toHaveLength(4);
  });

  test('is made anew by the first of many requests', async () => {
    const { registered, send } = await world(refusal(refused), 3);
    await Promise.all([send(), send(), send()]);
    expect(registered).toEqual([GHOST]);
  });
});

test('what has flowed of a file is gone: its upload is tried again later', async () => {
  const { asked, send } = await world(refusal(UNKNOWN_DEVICE), 1);
  const content = Readable.from([Buffer.from('a')]);
  const upload = send({ file: { contentType: 'text/plain', size: 1, content } });
  await expect(upload).rejects.toMatchObject({ code: 'matrix-unavailable' });
  expect(asked.slice(1)).toEqual(['POST register', 'PUT devices/BRIDGE']);
});

test('any other refusal stays one', async () => {
  const { asked, send } = await world(refusal([403, 'M_FORBIDDEN', 'User not in room']), 1);
  await expect(send()).rejects.toMatchObject({ status: 403 });
  expect(asked).toHaveLength(1);
});
