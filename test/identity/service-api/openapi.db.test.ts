// The documents of both APIs are valid, and say of every route that is served, and of no other, what it answers.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { Router } from 'express';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { SECRET, useWorlds } from '../world.ts';

interface Operation {
  readonly operationId: string;
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const start = useWorlds();
const FOLDER = fileURLToPath(new URL('../../../docs/reference/openapi/', import.meta.url));
const NAMES = ['ma1sd-backend.yaml', 'identity-service.yaml'];
const BACKEND = '/_ma1sd/backend/api/v1';

const read = (name: string): Document => parse(readFileSync(`${FOLDER}${name}`, 'utf8')) as Document;

/** All operations, as `POST /path`. */
const documented = NAMES.flatMap((name) =>
  Object.entries(read(name).paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { responses }]) => ({
      ...{ method: method.toUpperCase(), path },
      statuses: Object.keys(responses).map(Number),
    })),
  ),
);

interface Layer {
  readonly route?: { readonly path: string; readonly methods?: Readonly<Record<string, boolean>> };
  readonly handle: { readonly stack?: readonly Layer[] };
}

/** All routes of a router and the routers in it, as `POST /path`. */
function routesOf(stack: readonly Layer[]): readonly string[] {
  return stack.flatMap(({ route, handle }) => {
    if (route === undefined) return routesOf(handle.stack ?? []);
    const path = /^\/(_matrix|health)/.test(route.path) ? route.path : `${BACKEND}${route.path}`;
    return Object.keys(route.methods ?? {})
      .filter((method) => method !== '_all')
      .map((method) => `${method.toUpperCase()} ${path.replace(/:(\w+)/g, '{$1}')}`);
  });
}

describe.each(NAMES)('%s', (name) => {
  test('is a valid OpenAPI 3.1 document', async () => {
    const validator = new Validator();
    const result = await validator.validate(readFileSync(`${FOLDER}${name}`, 'utf8'));
    expect(result).toMatchObject({ valid: true });
    expect(validator.version).toBe('3.1');
    expect(() => validator.resolveRefs()).not.toThrow();
  });

  test('names every operation once', () => {
    const ids = Object.values(read(name).paths).flatMap((operations) =>
      Object.values(operations).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});

test('what is served is documented, and what is documented is served', async () => {
  const { identityPort } = await start();
  const served = identityPort.routers.flatMap(({ stack }: Router) => routesOf(stack as readonly Layer[]));
  expect(served.toSorted()).toEqual(documented.map(({ method, path }) => `${method} ${path}`).toSorted());
});

test.each(documented)(
  '$method $path answers, without anything and with nonsense, as documented',
  async (operation) => {
    const { method, path, statuses } = operation;
    const { call, register } = await start();
    const token = path.startsWith('/_ma1sd') ? SECRET : await register('@an:hs.example');
    const url = path.replace('{keyId}', 'ed25519:none');
    const answers = [
      await call(method, url),
      await call(method, url, { token }),
      await call(method, url, { token, ...(method === 'POST' && { body: '{"nonsense":' }) }),
      await call(method, url, { token, ...(method === 'POST' && { body: { nonsense: ['x'] } }) }),
      await call(method, url, { token, ...(method === 'POST' && { body: 'x'.repeat(70_000) }) }),
    ];
    expect(answers.filter(({ status }) => !statuses.includes(status))).toEqual([]);
    expect(answers.map(({ headers }) => headers.get('content-type'))).toEqual(
      answers.map(() => 'application/json'),
    );
  },
);
