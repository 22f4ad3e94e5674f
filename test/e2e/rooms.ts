// Rooms as the bridge's bot sees them, asked by hand with the appservice's token: members, power levels, the whole state.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, inject } from 'vitest';
import { ghostUserId } from '../../src/mapping/ghosts.ts';
import type { FhirReference } from '../../src/domain/ids.ts';
import type { RunningBridge } from '../../stack/bridge.ts';
import { PSEUDONYMIZATION_KEY } from '../../stack/bridge.ts';
import { waitUntil } from '../../stack/wait.ts';

type Content = Readonly<Record<string, unknown>>;

/** The answer of the homeserver. */
export interface Answer {
  readonly status: number;
  readonly body: Content;
}

/** What the bot sees, and what can be done in its name. */
export interface BotView {
  readonly userId: string;
  /** Any request below `/_matrix/client/v3`, as the bot unless told otherwise. */
  readonly ask: (method: string, path: string, body?: Content, as?: string) => Promise<Answer>;
  /** The room of an alias; undefined as long as there is none. */
  readonly find: (alias: string) => Promise<string | undefined>;
  /** The same, once it is there. */
  readonly await: (alias: string) => Promise<string>;
  /** The whole state: content by `type key`. */
  readonly state: (roomId: string) => Promise<Readonly<Record<string, Content>>>;
  /** The membership of everyone who ever was in the room, by user id. */
  readonly members: (roomId: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Of a ghost. */
  readonly displayName: (userId: string) => Promise<unknown>;
  /** Sets state by hand. */
  readonly put: (roomId: string, type: string, stateKey: string, content: Content) => Promise<void>;
}

/** The view of the bot of the stack's bridge. */
export function botView(): BotView {
  const { synapse, appservice } = inject('stack');
  const userId = `@_fhir_bot:${synapse.serverName}`;
  const ask: BotView['ask'] = async (method, path, body, as = userId) => {
    const url = new URL(`/_matrix/client/v3/${path}`, synapse.url);
    url.searchParams.set('user_id', as);
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${appservice.asToken}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Content };
  };
  const find: BotView['find'] = async (alias) => {
    const { body } = await ask('GET', `directory/room/${encodeURIComponent(alias)}`);
    return typeof body['room_id'] === 'string' ? body['room_id'] : undefined;
  };
  const state: BotView['state'] = async (roomId) => {
    const { status, body } = await ask('GET', `rooms/${encodeURIComponent(roomId)}/state`);
    expect(status).toBe(200);
    const events = body as unknown as readonly { type: string; state_key: string; content: Content }[];
    return Object.fromEntries(events.map(({ type, state_key: key, content }) => [`${type} ${key}`, content]));
  };
  return {
    ...{ userId, ask, find, state },
    await: (alias) => waitUntil(() => find(alias), { what: `${alias} is there`, timeoutMs: 60_000 }),
    async members(roomId) {
      const members = Object.entries(await state(roomId)).filter(([key]) => key.startsWith('m.room.member '));
      return Object.fromEntries(
        members.map(([key, content]) => [key.slice('m.room.member '.length), content['membership']]),
      );
    },
    async displayName(ghost) {
      return (await ask('GET', `profile/${encodeURIComponent(ghost)}`)).body['displayname'];
    },
    async put(roomId, type, stateKey, content) {
      const path = ['rooms', roomId, 'state', type, stateKey].map(encodeURIComponent).join('/');
      expect(await ask('PUT', path, content)).toMatchObject({ status: 200 });
    },
  };
}

/** The ghost of a person. */
export function ghostOf(reference: string): string {
  const { serverName } = inject('stack').synapse;
  return ghostUserId(reference as FhirReference, { key: PSEUDONYMIZATION_KEY, prefix: '_fhir_', serverName });
}

/** Looks again and again until what is seen is as expected; says how it differs when it never is. */
export function eventually<T>(look: () => Promise<T>) {
  return expect.poll(look, { timeout: 60_000, interval: 40 });
}

/** What a command said, and how it ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the bridge's command line with the settings of a running bridge. */
export function runCommand({ environment }: RunningBridge, ...args: readonly string[]): Promise<Ended> {
  const cli = fileURLToPath(new URL('../../src/cli/index.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, ...args], { env: { ...environment } }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      resolve({ code, stdout, stderr });
    });
  });
}
