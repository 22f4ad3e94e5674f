// Keycloak for the tests of the adapter: the real server with its in-memory database, and a way to make realms in it.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { StackServiceError } from './errors.ts';
import type { Guard } from './guard.ts';
import { findKeycloak, keycloakArgs } from './keycloak-install.ts';
import { reservePort } from './ports.ts';
import type { Java } from './requirements.ts';
import { startService, type Service } from './service.ts';
import { answersOk } from './wait.ts';

/** How to start Keycloak. */
export interface KeycloakOptions {
  readonly guard: Guard;
  readonly logFolder: string;
  readonly java: Java;
}

/** A running Keycloak. */
export interface Keycloak {
  /** Base URL, without a trailing slash. */
  readonly url: string;
  readonly service: Service;
  /** Asks the Admin API as the administrator; `path` begins at `/admin`. Anything but success is an error. */
  readonly admin: (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ) => Promise<unknown>;
}

const ADMIN = 'admin';

/** Installs Keycloak if need be, starts it and waits until it answers: about 15 s and 350 MB. */
export async function startKeycloak({ guard, logFolder, java }: KeycloakOptions): Promise<Keycloak> {
  const folder = await (await findKeycloak(java)).install(guard, logFolder);
  const url = `http://127.0.0.1:${await reservePort()}`;
  const password = randomBytes(18).toString('base64url');
  const service = await startService({
    guard,
    name: 'Keycloak',
    command: {
      command: java.program,
      args: keycloakArgs(folder, [
        ...['start', '--optimized', '--http-enabled=true', '--http-host=127.0.0.1', '--cache=local'],
        ...[`--http-port=${new URL(url).port}`, '--hostname-strict=false'],
      ]),
      env: { KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN, KC_BOOTSTRAP_ADMIN_PASSWORD: password },
      log: join(logFolder, 'keycloak.log'),
    },
    ready: () => answersOk(`${url}/realms/master`),
    timeoutMs: 180_000,
  });
  return { url, service, admin: (method, path, body) => askAdmin({ url, password }, method, path, body) };
}

async function askAdmin(
  { url, password }: { url: string; password: string },
  method: string,
  path: string,
  body: unknown,
): Promise<unknown> {
  // A token lives for a minute only; one for each request is the simplest that always works.
  const token = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      ...{ grant_type: 'password', client_id: 'admin-cli', username: ADMIN, password },
    }),
  });
  const { access_token: accessToken } = z.object({ access_token: z.string() }).parse(await token.json());
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new StackServiceError(`Keycloak: ${method} ${path}: ${response.status} ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
