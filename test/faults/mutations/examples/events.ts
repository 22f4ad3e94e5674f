// One right event of each kind that the bridge handles: messages, state, and what comes beside timelines.
import { BSN, EMAIL, FAMILY, FILE_NAME, SAID } from '../canaries.ts';
import type { Json, JsonObject } from '../../../../stack/stub-fhir/json.ts';

/** What an event may name. */
export interface Known {
  /** Who sends it. */
  readonly sender: string;
  /** A message in the same room. */
  readonly target: string;
  /** A picture on the homeserver. */
  readonly file: string;
}

/** An event as it should be. */
export interface EventExample {
  readonly name: string;
  /** The kind of message by the registry's name; left out of what is no message. */
  readonly kind?: string;
  /** Where it happens; `beside` is in no timeline. */
  readonly place: 'conversation' | 'space' | 'elsewhere' | 'ephemeral' | 'to_device' | 'invite';
  readonly type: string;
  readonly stateKey?: (known: Known) => string;
  readonly content: (known: Known) => JsonObject;
  /** Whether it changes its target, so that each needs one of its own. */
  readonly changesTarget?: true;
  /** Whether the room is another one afterwards. */
  readonly changesRoom?: true;
}

const TEXT = `${SAID} ${FAMILY} ${BSN} ${EMAIL}`;
const RELATION = 'm.relates_to';

const message = (
  name: string,
  kind: string,
  content: (known: Known) => JsonObject,
  over: Partial<EventExample> = {},
): EventExample => ({ name, kind, place: 'conversation', type: 'm.room.message', content, ...over });

const text = (msgtype: string, more: JsonObject = {}): JsonObject => ({
  ...{
    msgtype,
    body: TEXT,
    format: 'org.matrix.custom.html',
    formatted_body: `<p>${SAID} <b>${FAMILY}</b></p>`,
  },
  ...more,
});

const file = (
  msgtype: string,
  mimetype: string,
  { file: url }: Known,
  more: JsonObject = {},
): JsonObject => ({
  ...{ msgtype, body: `${FILE_NAME}.png`, filename: `${FILE_NAME}.png`, url },
  info: { mimetype, size: 70, w: 1, h: 1, duration: 1_000 },
  ...more,
});

const answers: Json = ['one', 'two'].map((id) => ({
  id,
  'm.id': id,
  'org.matrix.msc1767.text': `${SAID} ${id}`,
}));

const MESSAGES: readonly EventExample[] = [
  message('text', 'text', () => text('m.text')),
  message('emote', 'emote', () => text('m.emote')),
  message('notice', 'notice', () => text('m.notice')),
  message('empty text', 'empty', () => ({ msgtype: 'm.text', body: '' })),
  message('mention', 'text', ({ sender }) =>
    text('m.text', { 'm.mentions': { user_ids: [sender], room: true } }),
  ),
  message('reply', 'text', ({ target }) =>
    text('m.text', { [RELATION]: { 'm.in_reply_to': { event_id: target } } }),
  ),
  message('thread', 'text', ({ target }) =>
    text('m.text', {
      [RELATION]: {
        rel_type: 'm.thread',
        event_id: target,
        is_falling_back: true,
        'm.in_reply_to': { event_id: target },
      },
    }),
  ),
  message('picture', 'file', (known) => file('m.image', 'image/png', known)),
  message('sound', 'file', (known) =>
    file('m.audio', 'audio/ogg', known, {
      'org.matrix.msc3245.voice': {},
      'org.matrix.msc1767.audio': { duration: 1, waveform: [1, 2] },
    }),
  ),
  message('film', 'file', (known) => file('m.video', 'video/mp4', known)),
  message('file', 'file', (known) => file('m.file', 'application/pdf', known, { body: TEXT })),
  message('gallery', 'file', (known) => ({
    ...{ msgtype: 'm.gallery', body: TEXT },
    itemtypes: [file('m.image', 'image/png', known), file('m.file', 'application/pdf', known)],
  })),
  message('location', 'location', () => ({
    msgtype: 'm.location',
    body: TEXT,
    geo_uri: 'geo:52.09,5.12;u=35',
  })),
  message('unknown message', 'unsupported', () => ({ msgtype: 'org.example.unknown', body: TEXT })),
  message(
    'encrypted',
    'unsupported',
    () => ({ algorithm: 'm.megolm.v1.aes-sha2', ciphertext: SAID, session_id: 's' }),
    { type: 'm.room.encrypted' },
  ),
  message(
    'custom event',
    'unsupported',
    () => ({ 'm.text': [{ body: TEXT, mimetype: 'text/plain' }], 'org.matrix.msc1767.text': TEXT }),
    { type: 'org.example.custom' },
  ),
  message('verification', 'unsupported', () => ({
    msgtype: 'm.key.verification.request',
    body: TEXT,
    to: '@a:b',
  })),
  message(
    'sticker',
    'sticker',
    ({ file: url }) => ({ body: TEXT, url, info: { w: 1, h: 1, mimetype: 'image/png' } }),
    { type: 'm.sticker' },
  ),
  message(
    'call',
    'call',
    () => ({ call_id: '1', party_id: 'a', version: '1', lifetime: 1, offer: { type: 'offer', sdp: SAID } }),
    { type: 'm.call.invite' },
  ),
  message(
    'poll',
    'poll',
    () => ({
      'org.matrix.msc3381.poll.start': {
        question: { 'org.matrix.msc1767.text': TEXT },
        kind: 'org.matrix.msc3381.poll.disclosed',
        max_selections: 1,
        answers,
      },
      'org.matrix.msc1767.text': TEXT,
    }),
    { type: 'org.matrix.msc3381.poll.start' },
  ),
  message(
    'poll answer',
    'poll-answer',
    ({ target }) => ({
      'org.matrix.msc3381.poll.response': { answers: ['one'] },
      [RELATION]: { rel_type: 'm.reference', event_id: target },
    }),
    { type: 'org.matrix.msc3381.poll.response' },
  ),
  message(
    'poll end',
    'poll-end',
    ({ target }) => ({
      'org.matrix.msc3381.poll.end': {},
      'org.matrix.msc1767.text': TEXT,
      [RELATION]: { rel_type: 'm.reference', event_id: target },
    }),
    { type: 'org.matrix.msc3381.poll.end' },
  ),
  message(
    'reaction',
    'reaction',
    ({ target }) => ({ [RELATION]: { rel_type: 'm.annotation', event_id: target, key: '👍' } }),
    { type: 'm.reaction', changesTarget: true },
  ),
  message(
    'edit',
    'edit',
    ({ target }) => ({
      ...text('m.text'),
      'm.new_content': text('m.text'),
      [RELATION]: { rel_type: 'm.replace', event_id: target },
    }),
    { changesTarget: true },
  ),
  message('redaction', 'retraction', ({ target }) => ({ redacts: target, reason: TEXT }), {
    type: 'm.room.redaction',
    changesTarget: true,
  }),
  message('removed', 'removed', () => ({}), { type: 'm.room.message' }),
];

const state = (
  type: string,
  content: (known: Known) => JsonObject,
  over: Partial<EventExample> = {},
): EventExample => ({ name: type, place: 'conversation', type, stateKey: () => '', content, ...over });

const member = (name: string, membership: string): EventExample =>
  state('m.room.member', () => ({ membership, displayname: FAMILY, reason: TEXT }), {
    name,
    stateKey: () => '@somebody:mutants.example',
  });

const STATE: readonly EventExample[] = [
  member('join', 'join'),
  member('leave', 'leave'),
  member('invitation', 'invite'),
  member('ban', 'ban'),
  member('knock', 'knock'),
  state('m.room.name', () => ({ name: `${SAID} ${FAMILY}` })),
  state('m.room.topic', () => ({ topic: TEXT, 'm.topic': { 'm.text': [{ body: TEXT }] } })),
  state('m.room.avatar', ({ file: url }) => ({ url, info: { w: 1, h: 1 } })),
  state('m.room.power_levels', ({ sender }) => ({
    users: { [sender]: 100 },
    events: { 'm.room.name': 50 },
    users_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: 0,
  })),
  state('m.room.join_rules', () => ({
    join_rule: 'restricted',
    allow: [{ type: 'm.room_membership', room_id: '!a:mutants.example' }],
  })),
  state('m.room.history_visibility', () => ({ history_visibility: 'world_readable' })),
  state('m.room.guest_access', () => ({ guest_access: 'can_join' })),
  state('m.room.server_acl', () => ({ allow: ['*'], deny: ['evil.example'], allow_ip_literals: false })),
  state('m.room.encryption', () => ({ algorithm: 'm.megolm.v1.aes-sha2', rotation_period_ms: 604_800_000 })),
  state('m.room.canonical_alias', () => ({
    alias: '#a:mutants.example',
    alt_aliases: ['#b:mutants.example'],
  })),
  state('m.room.create', ({ sender }) => ({
    creator: sender,
    room_version: '11',
    predecessor: { room_id: '!b:mutants.example', event_id: '$e' },
  })),
  state('m.room.tombstone', () => ({ body: TEXT, replacement_room: '!replacement:mutants.example' }), {
    changesRoom: true,
  }),
  state('m.room.pinned_events', ({ target }) => ({ pinned: [target] })),
  state('m.space.parent', () => ({ via: ['mutants.example'], canonical: true }), {
    stateKey: () => '!a:mutants.example',
  }),
  state('m.space.child', () => ({ via: ['mutants.example'], order: 'a', suggested: true }), {
    ...{ place: 'space', stateKey: () => '!childroom:mutants.example' },
  }),
  state('m.room.member', ({ sender }) => ({ membership: 'join', displayname: FAMILY, sender }), {
    ...{ name: 'join of a space', place: 'space', stateKey: () => '@somebody:mutants.example' },
  }),
  state(
    'm.room.member',
    () => ({
      membership: 'invite',
      is_direct: true,
      'nl-ta-chat.invite.context': { patient: { token: BSN }, type: 'conversation' },
    }),
    {
      ...{
        name: 'invitation of the bot elsewhere',
        place: 'elsewhere',
        stateKey: () => '@_fhir_bot:mutants.example',
      },
    },
  ),
  state(
    'm.room.member',
    () => ({ membership: 'invite', 'nl-ta-chat.invite.context': { patient: { token: BSN } } }),
    {
      ...{
        name: 'invitation of a ghost elsewhere',
        place: 'elsewhere',
        stateKey: () => '@_fhir_practitioner_abc:mutants.example',
      },
    },
  ),
];

const BESIDE: readonly EventExample[] = [
  {
    ...{ name: 'receipt', place: 'ephemeral', type: 'm.receipt' },
    content: ({ target, sender }) => ({
      [target]: { 'm.read': { [sender]: { ts: 1_764_500_000_000, thread_id: 'main' } } },
    }),
  },
  {
    ...{ name: 'typing', place: 'ephemeral', type: 'm.typing' },
    content: ({ sender }) => ({ user_ids: [sender] }),
  },
  {
    ...{ name: 'to-device', place: 'to_device', type: 'm.room_key_request' },
    content: () => ({ action: 'request', body: TEXT }),
  },
  {
    ...{
      name: 'invitation in sync',
      place: 'invite',
      type: 'm.room.member',
      stateKey: () => '@_fhir_bot:mutants.example',
    },
    content: () => ({
      membership: 'invite',
      displayname: FAMILY,
      'nl-ta-chat.invite.context': { patient: { token: BSN } },
    }),
  },
];

/** The events. */
export const EVENTS: readonly EventExample[] = [...MESSAGES, ...STATE, ...BESIDE];
