// What goes over the wire to end the account of a ghost, and to find the rooms that it was in.
import { expect, test } from 'vitest';
import { createMatrixClient } from '../../src/matrix/client.ts';
import { createHomeserver } from '../../src/matrix/homeserver.ts';
import { serveScript, type Answer } from '../builders/http.ts';
import { userId } from '../builders/matrix.ts';

const GHOST = userId('@_fhir_x:h');

async function answering(answer: Answer) {
  const { url, seen } = await serveScript(() => answer);
  const client = createMatrixClient({
    ...{ homeserverUrl: url, asToken: 'token', maxConcurrentRequests: 8, requestTimeoutMs: 5000 },
    observe: () => () => undefined,
  });
  return { homeserver: createHomeserver(client), seen };
}

test('an account is deactivated as the ghost itself, without its device, which goes with it', async () => {
  const { homeserver, seen } = await answering({ body: { id_server_unbind_result: 'no-support' } });
  expect(await homeserver.deactivate(GHOST)).toBe(true);
  const [request] = seen;
  expect(request?.url.pathname).toBe('/_matrix/client/v3/account/deactivate');
  expect(Object.fromEntries(request?.url.searchParams ?? [])).toEqual({ user_id: GHOST });
  expect(JSON.parse(String(request?.body))).toEqual({ erase: true });
});

test.each<[string, Answer]>([
  ['forbids it', { status: 403, body: { errcode: 'M_FORBIDDEN', error: 'no' } }],
  ['wants the user to authenticate', { status: 401, body: { flows: [], params: {}, session: 'x' } }],
  ['does not know how', { status: 404, body: { errcode: 'M_UNRECOGNIZED', error: 'no' } }],
])('a homeserver that %s leaves it to its operator', async (_, answer) => {
  const { homeserver } = await answering(answer);
  expect(await homeserver.deactivate(GHOST)).toBe(false);
});

test('that the token of the bridge is wrong is not taken for that', async () => {
  const body = { errcode: 'M_UNKNOWN_TOKEN', error: 'no' };
  const { homeserver } = await answering({ status: 401, body });
  await expect(homeserver.deactivate(GHOST)).rejects.toMatchObject({ code: 'matrix-token' });
});

test('the rooms of a ghost are those it is in, is invited to, and has left', async () => {
  const rooms = { join: { '!a': {} }, invite: { '!b': {} }, leave: { '!c': {}, '!a': {} } };
  const { homeserver, seen } = await answering({ body: { next_batch: 's', rooms } });
  expect(await homeserver.roomsEver(GHOST)).toEqual(['!a', '!b', '!c']);
  const filter = JSON.parse(seen[0]?.url.searchParams.get('filter') ?? '') as unknown;
  expect(filter).toMatchObject({ room: { include_leave: true, timeline: { limit: 1 } } });
});

test('only events of the types that are wanted are asked for', async () => {
  const { homeserver, seen } = await answering({ body: { chunk: [] } });
  const types = ['m.room.member'];
  await homeserver.messagesBefore(GHOST, '!a' as Parameters<typeof homeserver.messagesBefore>[1], { types });
  expect(seen[0]?.url.searchParams.get('filter')).toBe('{"types":["m.room.member"]}');
});
