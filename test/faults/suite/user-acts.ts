// What a user does in a room: says, answers, edits, takes back, reacts, sends files and polls, votes, calls and reads.
import type { UserClient } from '../../../stack/clients.ts';
import type { SentConversation, SentMessage } from './sent.ts';
import { nextText, nextVersion, pick, sha1, type Acts, type Speaking } from './speak.ts';

const RELATION = 'm.relates_to';

/** All that a user may do. */
export function userActs(user: UserClient, speaking: Speaking): Acts {
  const room = roomOf(user, speaking);
  return [
    ...sayings(user, speaking, room),
    ...changes(user, speaking, room),
    ...others(user, speaking, room),
  ];
}

/** What the acts of a user have in common. */
interface Room {
  /** The user's own messages of these kinds that stand. */
  readonly own: (...kinds: readonly SentMessage['kind'][]) => readonly SentMessage[];
  /** One of them that satisfies a condition, drawn at random. */
  readonly oneOf: (
    kinds: readonly SentMessage['kind'][],
    fits?: (message: SentMessage) => boolean,
  ) => SentMessage | undefined;
  readonly send: (type: string, content: object) => Promise<string>;
  /** Says a new message of a kind, and notes it. @param event makes its type and content of its text */
  readonly say: (
    kind: SentMessage['kind'],
    event: (text: string) => readonly [type: string, content: object],
    over?: Partial<SentMessage>,
  ) => Promise<true>;
}

function roomOf(user: UserClient, speaking: Speaking): Room {
  const { conversation, random } = speaking;
  const { roomId, messages } = conversation;
  const send = (type: string, content: object) => user.send(roomId, type, content);
  const own: Room['own'] = (...kinds) =>
    messages.filter(({ by, kind, isGone }) => by === 'user' && !isGone && kinds.includes(kind));
  return {
    ...{ own, send },
    oneOf: (kinds, fits = () => true) => pick(own(...kinds).filter(fits), random),
    async say(kind, event, over = {}) {
      const { token, text } = nextText(speaking);
      const id = await send(...event(text));
      messages.push({ by: 'user', id, token, kind, text, isGone: false, reactions: [], ...over });
      return true;
    },
  };
}

function sayings(user: UserClient, { conversation, random }: Speaking, { say, oneOf }: Room): Acts {
  const message = (content: object) => ['m.room.message', content] as const;
  return [
    { weight: 8, act: () => say('text', (body) => message({ msgtype: 'm.text', body })) },
    { weight: 1, act: () => say('emote', (body) => message({ msgtype: 'm.emote', body })) },
    { weight: 1, act: () => say('notice', (body) => message({ msgtype: 'm.notice', body })) },
    {
      weight: 1,
      act: () =>
        say('location', (body) => message({ msgtype: 'm.location', body, geo_uri: 'geo:52.09,5.12;u=35' })),
    },
    {
      weight: 3,
      async act() {
        const target = await answerable(user, conversation, random);
        if (target === undefined) return false;
        const relation = { 'm.in_reply_to': { event_id: target.eventId } };
        return say('text', (body) => message({ msgtype: 'm.text', body, [RELATION]: relation }), {
          answers: target.answers,
        });
      },
    },
    {
      weight: 1,
      async act() {
        const root = oneOf(['text', 'file'], ({ answers }) => answers === undefined);
        if (root === undefined) return false;
        const relation = { rel_type: 'm.thread', event_id: root.id };
        return say('text', (body) => message({ msgtype: 'm.text', body, [RELATION]: relation }), {
          answers: { by: 'user', id: root.id },
        });
      },
    },
  ];
}

function changes(user: UserClient, { conversation: { roomId }, random }: Speaking, room: Room): Acts {
  const { oneOf, send } = room;
  return [
    {
      weight: 3,
      async act() {
        const target = oneOf(['text', 'emote', 'notice']);
        if (target === undefined) return false;
        const text = nextVersion(target);
        const msgtype = `m.${target.kind}`;
        await send('m.room.message', {
          ...{ msgtype, body: `* ${text}`, 'm.new_content': { msgtype, body: text } },
          [RELATION]: { rel_type: 'm.replace', event_id: target.id },
        });
        target.text = text;
        return true;
      },
    },
    {
      weight: 1,
      async act() {
        const target = oneOf(['text', 'emote', 'notice', 'file', 'location']);
        if (target === undefined) return false;
        await user.redact(roomId, target.id);
        target.isGone = true;
        return true;
      },
    },
    {
      weight: 2,
      async act() {
        const target = oneOf(['text', 'file'], ({ reactions }) => reactions.length === 0);
        if (target === undefined) return false;
        const key = random() < 0.5 ? '👍' : '❤️';
        await send('m.reaction', { [RELATION]: { rel_type: 'm.annotation', event_id: target.id, key } });
        target.reactions.push(key);
        return true;
      },
    },
  ];
}

function others(user: UserClient, speaking: Speaking, { own, oneOf, say, send }: Room): Acts {
  const { conversation, random } = speaking;
  const { roomId, messages } = conversation;
  return [
    {
      weight: 2,
      async act() {
        const { token, text } = nextText(speaking);
        const bytes = Buffer.from(`%PDF-1.7\n${text} ${random()}`);
        const url = await user.upload(bytes, 'application/pdf');
        const info = { mimetype: 'application/pdf', size: bytes.length };
        const id = await send('m.room.message', { msgtype: 'm.file', body: `${token}.pdf`, url, info });
        const file = { name: `${token}.pdf`, sha1: sha1(bytes) };
        messages.push({
          ...{ by: 'user', id, token, kind: 'file', text },
          isGone: false,
          reactions: [],
          file,
        });
        return true;
      },
    },
    {
      weight: 1,
      act: () =>
        say('sticker', (body) => ['m.sticker', { body, url: 'mxc://example.org/sticker', info: {} }]),
    },
    {
      weight: 1,
      act: () =>
        say('poll', (text) => {
          const answers = ['yes', 'no'].map((id) => ({ 'm.id': id, 'm.text': [{ body: `${text} ${id}` }] }));
          return ['m.poll.start', { 'm.poll': { question: { 'm.text': [{ body: text }] }, answers } }];
        }),
    },
    {
      weight: 2,
      async act() {
        const poll = oneOf(['poll']);
        if (poll === undefined) return false;
        const relation = { rel_type: 'm.reference', event_id: poll.id };
        return say(
          'poll-answer',
          () => ['m.poll.response', { 'm.selections': ['yes'], [RELATION]: relation }],
          {
            text: `${poll.text} yes`,
            answers: { by: 'user', id: poll.id },
          },
        );
      },
    },
    {
      weight: 1,
      async act() {
        // What comes from one caller within ten seconds is one call.
        if (own('call').length > 0) return false;
        const call = { call_id: roomId, version: '1', lifetime: 1_000, offer: { type: 'offer', sdp: '' } };
        return say('call', () => ['m.call.invite', call]);
      },
    },
    {
      weight: 2,
      async act() {
        const last = (await user.history(roomId)).at(-1);
        if (last !== undefined) await user.read(roomId, last.event_id);
        return last !== undefined;
      },
    },
  ];
}

/** A message that a user sees in the room and may answer. */
async function answerable(
  user: UserClient,
  { roomId, messages, opening }: SentConversation,
  random: () => number,
): Promise<{ readonly eventId: string; readonly answers: NonNullable<SentMessage['answers']> } | undefined> {
  const events = (await user.history(roomId)).filter(
    ({ type, content }) =>
      type === 'm.room.message' && 'body' in content && !(RELATION in content) && content['body'] !== opening,
  );
  const event = pick(events, random);
  if (event === undefined) return undefined;
  const { event_id: eventId, sender, content } = event;
  if (sender === user.userId) return { eventId, answers: { by: 'user', id: eventId } };
  const message = messages.find(({ token }) => String(content['body']).startsWith(`${token} `));
  return message && { eventId, answers: { by: 'platform', id: message.id } };
}
