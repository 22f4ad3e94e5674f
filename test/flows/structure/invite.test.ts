// Inviting a person: what goes into the invitation, by the homeserver they are on, the room, and the settings.
import { describe, expect, test } from 'vitest';
import type { FhirReference, MatrixUserId } from '../../../src/domain/ids.ts';
import type { Bridge, BridgeSettings } from '../../../src/flows/bridge.ts';
import { inviteMember } from '../../../src/flows/structure/invite.ts';
import { noPseudonyms } from '../../../src/pseudonyms/pseudonyms.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { SETTINGS, unreachableHomeserver } from '../../builders/bridge.ts';
import { ref } from '../../builders/fhir.ts';
import { BOT, roomId, userId } from '../../builders/matrix.ts';

const LOCAL = userId('@noor:example.org');
const REMOTE = userId('@jan:their.example:8448');

interface World {
  readonly kind: 'space' | 'conversation';
  readonly subject: FhirReference | undefined;
  readonly inviteContext: BridgeSettings['inviteContext'];
  readonly trustedServers: readonly string[];
  readonly tokenFor: () => Promise<string | undefined>;
  /** A homeserver that did not answer a moment ago. */
  readonly leftAlone?: string;
}

const PLAIN: World = {
  kind: 'space',
  subject: ref('Patient/7'),
  inviteContext: 'both',
  trustedServers: ['their.example:8448'],
  tokenFor: () => Promise.resolve('token-1'),
};

/** Invites a user; returns what was asked of the pseudonym service, what was sent, and what was thrown. */
async function invite(user: MatrixUserId, over: Partial<World> = {}) {
  const { kind, subject, inviteContext, trustedServers, tokenFor, leftAlone } = { ...PLAIN, ...over };
  const asked: unknown[] = [];
  const sent: unknown[] = [];
  const bridge: Pick<Bridge, 'homeserver' | 'otherServers' | 'pseudonyms' | 'settings'> = {
    settings: { ...SETTINGS, trustedServers: new Set(trustedServers), inviteContext },
    otherServers: { isLeftAlone: (server) => server === leftAlone },
    pseudonyms: {
      ...noPseudonyms,
      tokenFor: (request) => {
        asked.push(request);
        return tokenFor();
      },
    },
    homeserver: {
      ...unreachableHomeserver,
      invite: (as, room, invited, _signal, content) => {
        sent.push({ as, room, invited, content });
        return Promise.resolve();
      },
    },
  };
  const room = { roomId: roomId('!r'), kind, subject };
  const error: unknown = await inviteMember(bridge, room, user, new AbortController().signal).catch(
    (thrown: unknown) => thrown,
  );
  return { asked, sent, error };
}

const toRemote = (content: unknown) => [{ as: BOT, room: '!r', invited: REMOTE, content }];
const withoutContext = {
  membership: 'invite',
  reason: 'You are invited to take part in care communication',
};
const withContext = {
  ...withoutContext,
  'nl-ta-chat.invite.context': {
    version: '1.0',
    'room.subject': {
      resourceType: 'Patient',
      identifier: [{ system: 'http://fhir.nl/fhir/NamingSystem/pseudo-bsn', value: 'token-1' }],
    },
  },
};

test('a user of the own homeserver is invited just so, and nobody asks for a token', async () => {
  expect(await invite(LOCAL)).toEqual({
    asked: [],
    sent: [{ as: BOT, room: '!r', invited: LOCAL, content: undefined }],
    error: undefined,
  });
});

test('a user of another homeserver is invited with the token that was made for it', async () => {
  expect(await invite(REMOTE)).toEqual({
    asked: [{ subject: 'Patient/7', recipientServer: 'their.example:8448' }],
    sent: toRemote(withContext),
    error: undefined,
  });
});

describe('the context', () => {
  test.each([
    ['both', 'space', true],
    ['both', 'conversation', true],
    ['space', 'space', true],
    ['space', 'conversation', false],
    ['conversation', 'space', false],
    ['conversation', 'conversation', true],
    ['off', 'space', false],
    ['off', 'conversation', false],
  ] as const)(
    'with the setting %s stands in the invitation to a %s: %s',
    async (inviteContext, kind, stands) => {
      const { sent, asked } = await invite(REMOTE, { inviteContext, kind });
      expect([sent, asked.length]).toEqual([toRemote(stands ? withContext : withoutContext), stands ? 1 : 0]);
    },
  );

  test.each<[string, Partial<World>, number]>([
    ['a server that is not trusted', { trustedServers: ['example.org', 'their.example'] }, 0],
    ['a room about nobody', { subject: undefined }, 0],
    ['a room about a Group', { subject: ref('Group/1') }, 0],
    ['a patient without a token', { tokenFor: () => Promise.resolve(undefined) }, 1],
  ])('is left out for %s', async (_, over, asked) => {
    const found = await invite(REMOTE, over);
    expect([found.error, found.sent, found.asked.length]).toEqual([
      undefined,
      toRemote(withoutContext),
      asked,
    ]);
  });
});

describe('nobody is invited, and the item is tried again, when', () => {
  test('the pseudonym service fails', async () => {
    const failure = new BridgeError('pseudonym-unavailable', 'get token: 503');
    const { sent, error } = await invite(REMOTE, { tokenFor: () => Promise.reject(failure) });
    expect([sent, error]).toEqual([[], failure]);
  });

  test.each([
    ['reads as a BSN', '123456782'],
    ['would not fit into an event', 'x'.repeat(70_000)],
  ])('its token %s; the error does not tell it', async (_, token) => {
    const { sent, error } = await invite(REMOTE, { tokenFor: () => Promise.resolve(token) });
    expect(sent).toEqual([]);
    expect(error).toMatchObject({ code: 'pseudonym-answer' });
    expect(String(error)).not.toContain(token);
  });
});

test('a user whose homeserver did not answer a moment ago costs no token and no request', async () => {
  const { asked, sent, error } = await invite(REMOTE, { leftAlone: 'their.example:8448' });
  expect([asked, sent]).toEqual([[], []]);
  expect(error).toMatchObject({ code: 'matrix-unavailable' });
});
