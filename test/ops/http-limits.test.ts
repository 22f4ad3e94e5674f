// What one caller may take up of a listener: connections, headers, and time to send them.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import express, { type RequestHandler } from 'express';
import { expect, onTestFinished, test } from 'vitest';
import { LIMITS, startHttpServer, type HttpLimits } from '../../src/ops/http-server.ts';
import { recordingLog } from '../builders/log.ts';

const ok: RequestHandler = (_request, response) => {
  response.json({});
};

async function start(limits: Partial<HttpLimits>, ...handlers: readonly RequestHandler[]) {
  const listen = { host: '127.0.0.1', port: 0 };
  const server = await startHttpServer(listen, [...handlers, ok], recordingLog(), { ...LIMITS, ...limits });
  onTestFinished(() => server.close(0));
  return server.port;
}

/** A connection, what it has received, and its end. */
async function open(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  socket.on('error', () => undefined);
  const received: string[] = [];
  socket.setEncoding('utf8').on('data', (text: string) => received.push(text));
  const closed = once(socket, 'close');
  await once(socket, 'connect');
  return {
    socket,
    received: () => received.join(''),
    closed,
    answered: () => expect.poll(() => received.join(''), { timeout: 5_000 }).toContain('HTTP/1.1 200'),
  };
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n';

test('more connections than the limit are closed; those before go on', async () => {
  const port = await start({ mostConnections: 2 });
  const first = await open(port);
  await open(port);
  const third = await open(port);
  await third.closed;
  first.socket.write(`${GET}\r\n`);
  await first.answered();
});

test('who does not finish the head of a request in time is cut off', async () => {
  const port = await start({ headMs: 200 });
  const { socket, closed, received } = await open(port);
  socket.write(GET);
  await closed;
  expect(received()).toContain('408');
});

test('who says nothing at all is cut off', async () => {
  const port = await start({ headMs: 200 });
  const { closed } = await open(port);
  await closed;
});

test('who does not finish the body of a request in time is cut off', async () => {
  const port = await start({ headMs: 100, requestMs: 300 }, express.json());
  const { socket, closed } = await open(port);
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{');
  await closed;
});

test('a head that is too large is refused', async () => {
  const port = await start({});
  const { socket, closed, received } = await open(port);
  socket.write(`${GET}X: ${'x'.repeat(20_000)}\r\n\r\n`);
  await closed;
  expect(received()).toContain('431');
});

test('a connection between two requests may be idle for longer than a head may take', async () => {
  const port = await start({ headMs: 100 });
  const { socket, received, answered } = await open(port);
  socket.write(`${GET}\r\n`);
  await answered();
  // Each connection is looked at every 100 ms: another that is cut off shows that this one was looked at as well.
  for (let looks = 0; looks < 5; looks += 1) await (await open(port)).closed;
  socket.write(`${GET}\r\n`);
  await expect.poll(() => received().split('HTTP/1.1 200').length, { timeout: 5_000 }).toBe(3);
});
