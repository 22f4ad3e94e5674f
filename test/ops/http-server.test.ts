// The HTTP listener: connections that outlive the homeserver's patience, and an end that loses no request.
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:http';
import express from 'express';
import type { RequestHandler } from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { startHttpServer } from '../../src/ops/http-server.ts';
import { gate, serveRouters } from '../builders/http.ts';
import { recordingLog } from '../builders/log.ts';

/** A GET over a connection that is kept, as Synapse does. */
async function get(agent: Agent, port: number, path = '/'): Promise<IncomingMessage> {
  const sent = request({ host: '127.0.0.1', port, path, agent });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  return response;
}

async function start(handler: RequestHandler) {
  const log = recordingLog();
  const server = await startHttpServer({ host: '127.0.0.1', port: 0 }, [handler], log);
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  onTestFinished(() => {
    agent.destroy();
    return server.close(0);
  });
  return { server, agent, log, get: (path?: string) => get(agent, server.port, path) };
}

const ok: RequestHandler = (_request, response) => {
  response.json({});
};

test('idle connections stay open longer than the 120 s for which the homeserver keeps them', async () => {
  const { get: ask } = await start(ok);
  const { headers } = await ask();
  expect(headers.connection).toBe('keep-alive');
  expect(Number(/timeout=(\d+)/.exec(String(headers['keep-alive']))?.[1])).toBeGreaterThan(120);
});

test('draining, it still answers, and every answer sends the caller elsewhere', async () => {
  const { server, get: ask } = await start(ok);
  expect((await ask()).headers.connection).toBe('keep-alive');
  server.drain();
  for (let index = 0; index < 3; index += 1) {
    const response = await ask();
    expect([response.statusCode, response.headers.connection]).toEqual([200, 'close']);
  }
});

test('closing, it answers every request it has taken, and takes no more', async () => {
  const proceed = gate();
  let arrived = 0;
  const all = gate();
  const { server, get: ask } = await start(async (_request, response) => {
    if ((arrived += 1) === 20) all.open();
    await proceed.passed;
    response.json({});
  });
  const answers = Array.from({ length: 20 }, () => ask());
  await all.passed;
  server.drain();
  const closed = server.close(30_000);
  await expect(ask()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  proceed.open();
  for (const { statusCode, headers } of await Promise.all(answers)) {
    expect([statusCode, headers.connection]).toEqual([200, 'close']);
  }
  await closed;
});

test('closing does not wait for idle connections', async () => {
  const { server, get: ask } = await start(ok);
  await ask();
  await server.close(30_000);
});

test('closing cuts off a request that takes longer than the grace', async () => {
  const arrived = gate();
  const { server, get: ask } = await start(() => {
    arrived.open();
  });
  const hanging = expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
  await arrived.passed;
  await server.close(10);
  await hanging;
});

test('a port that is taken is told at the start', async () => {
  const { server } = await start(ok);
  await expect(
    startHttpServer({ host: '127.0.0.1', port: server.port }, [], recordingLog()),
  ).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});

test.each([
  ['an unknown path', '/no/such', '', 404, { error: 'No such endpoint' }],
  ['no JSON', '/json', '{', 400, { errcode: 'M_NOT_JSON' }],
  ['too much', '/json', `"${'x'.repeat(200)}"`, 413, { errcode: 'M_TOO_LARGE' }],
  ['a fault of ours', '/fault', '', 500, {}],
])('%s is answered in JSON, without the server’s inner life', async (_, path, body, status, expected) => {
  const router = express.Router();
  router.post('/json', express.json({ limit: 100, type: () => true }), ok);
  router.post('/fault', () => {
    throw new Error('the secret inner life');
  });
  const response = await fetch(`${await serveRouters(router)}${path}`, { method: 'POST', body });
  const answer = await response.text();
  expect(response.status).toBe(status);
  expect(JSON.parse(answer)).toMatchObject(expected);
  expect(answer).not.toContain('inner life');
  expect(response.headers.get('x-powered-by')).toBeNull();
});
