// A user and a platform that talk in a conversation: texts, answers, edits, retractions, reactions, files and the like, drawn at random.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { communication } from '../../../stack/demo/care-network.ts';
import { EVENT_ID_SYSTEM } from '../../../src/domain/fhir.ts';
import type { PatientPlatform, UserClient } from './clients.ts';
import type { SentConversation, SentMessage } from './sent.ts';

/** One side of a conversation. */
export interface Speaking {
  readonly conversation: SentConversation;
  /** Begins every token of this side. */
  readonly name: string;
  /** Whether it goes on, after so many things said and done. */
  readonly goesOn: (steps: number) => boolean;
  /** Numbers from 0 up to 1 that decide. */
  readonly random: () => number;
}

const LONGEST_PAUSE_MS = 250;
const RELATION = 'm.relates_to';

/** A user talks, one thing after the other. */
export async function userSpeaks(user: UserClient, speaking: Speaking): Promise<void> {
  const { conversation, random } = speaking;
  const { roomId, messages } = conversation;
  const send = (content: object) => user.send(roomId, 'm.room.message', content);
  const own = (kinds: readonly SentMessage['kind'][]) =>
    messages.filter(({ by, kind, isGone }) => by === 'user' && !isGone && kinds.includes(kind));
  const say = async (
    kind: SentMessage['kind'],
    content: (text: string) => object,
    over: Partial<SentMessage> = {},
  ): Promise<void> => {
    const { token, text } = nextText(speaking);
    const id = await send(content(text));
    messages.push({ by: 'user', id, token, kind, text, isGone: false, reactions: [], ...over });
  };

  const acts: Readonly<Record<string, () => Promise<void>>> = {
    text: () => say('text', (body) => ({ msgtype: 'm.text', body })),
    emote: () => say('emote', (body) => ({ msgtype: 'm.emote', body })),
    notice: () => say('notice', (body) => ({ msgtype: 'm.notice', body })),
    location: () =>
      say('location', (body) => ({ msgtype: 'm.location', body, geo_uri: 'geo:52.09,5.12;u=35' })),
    async reply() {
      const target = await answerable(user, conversation, random);
      if (target === undefined) return acts['text']?.();
      const { eventId, answers } = target;
      const relation = { 'm.in_reply_to': { event_id: eventId } };
      await say('text', (body) => ({ msgtype: 'm.text', body, [RELATION]: relation }), { answers });
    },
    async thread() {
      const root = pick(
        own(['text', 'file']).filter(({ answers }) => answers === undefined),
        random,
      );
      if (root === undefined) return acts['text']?.();
      const relation = { rel_type: 'm.thread', event_id: root.id };
      const answers = { by: 'user', id: root.id } as const;
      await say('text', (body) => ({ msgtype: 'm.text', body, [RELATION]: relation }), { answers });
    },
    async file() {
      const { token, text } = nextText(speaking);
      const bytes = Buffer.from(`%PDF-1.7\n${text} ${random()}`);
      const url = await user.upload(bytes, 'application/pdf');
      const info = { mimetype: 'application/pdf', size: bytes.length };
      const id = await send({ msgtype: 'm.file', body: `${token}.pdf`, url, info });
      const file = { name: `${token}.pdf`, sha1: sha1(bytes) };
      messages.push({ ...{ by: 'user', id, token, kind: 'file', text }, isGone: false, reactions: [], file });
    },
    async edit() {
      const target = pick(own(['text', 'emote', 'notice']), random);
      if (target === undefined) return acts['text']?.();
      const text = nextVersion(target);
      const msgtype = `m.${target.kind}`;
      await send({
        ...{ msgtype, body: `* ${text}`, 'm.new_content': { msgtype, body: text } },
        [RELATION]: { rel_type: 'm.replace', event_id: target.id },
      });
      target.text = text;
    },
    async takeBack() {
      const target = pick(own(['text', 'emote', 'notice', 'file', 'location']), random);
      if (target === undefined) return acts['text']?.();
      await user.redact(roomId, target.id);
      target.isGone = true;
    },
    async react() {
      const target = pick(
        own(['text', 'file']).filter(({ reactions }) => reactions.length === 0),
        random,
      );
      if (target === undefined) return acts['text']?.();
      const key = random() < 0.5 ? '👍' : '❤️';
      await user.send(roomId, 'm.reaction', {
        [RELATION]: { rel_type: 'm.annotation', event_id: target.id, key },
      });
      target.reactions.push(key);
    },
  };
  await act(
    acts,
    {
      text: 8,
      emote: 1,
      notice: 1,
      location: 1,
      reply: 3,
      thread: 1,
      file: 2,
      edit: 3,
      takeBack: 1,
      react: 2,
    },
    speaking,
  );
}

/** A platform talks, one thing after the other. */
export async function platformSpeaks(
  platform: PatientPlatform,
  speaking: Speaking & { readonly prefix: string },
): Promise<void> {
  const { conversation, random, prefix } = speaking;
  const { messages } = conversation;
  const own = () => messages.filter(({ by, isGone }) => by === 'platform' && !isGone);
  const write = async (over: object = {}, sent: Partial<SentMessage> = {}, extra: readonly object[] = []) => {
    const { token, text } = nextText(speaking);
    const id = `${prefix}${token.replaceAll(/[^a-z0-9]/g, '')}`;
    const payload = [{ contentString: text }, ...extra];
    await platform.put({ ...communication(prefix, conversation.id, text), ...over, id, payload });
    messages.push({
      ...{ by: 'platform', id, token, kind: 'text', text },
      isGone: false,
      reactions: [],
      ...sent,
    });
  };
  const acts: Readonly<Record<string, () => Promise<void>>> = {
    text: () => write(),
    async answer() {
      const target = await recordedByUser(platform, conversation, random);
      if (target === undefined) return write();
      const inResponseTo = [{ reference: `Communication/${target.record}` }];
      await write({ inResponseTo }, { answers: { by: 'user', id: target.eventId } });
    },
    async file() {
      const bytes = Buffer.from(`%PDF-1.7\n${speaking.name} ${random()}`);
      const contentAttachment = {
        ...{ contentType: 'application/pdf', data: bytes.toString('base64') },
        title: `${peekToken(speaking)}.pdf`,
      };
      const file = { name: contentAttachment.title, sha1: sha1(bytes) };
      await write({}, { file }, [{ contentAttachment }]);
    },
    async change() {
      const target = pick(
        own().filter(({ file }) => file === undefined),
        random,
      );
      if (target === undefined) return write();
      const text = nextVersion(target);
      await platform.change(`Communication/${target.id}`, (latest) => ({
        ...latest,
        payload: [{ contentString: text }],
      }));
      target.text = text;
    },
    async inError() {
      const target = pick(own(), random);
      if (target === undefined) return write();
      await platform.change(`Communication/${target.id}`, (latest) => ({
        ...latest,
        status: 'entered-in-error',
      }));
      target.isGone = true;
    },
    async remove() {
      const target = pick(own(), random);
      if (target === undefined) return write();
      await platform.remove(`Communication/${target.id}`);
      target.isGone = true;
    },
  };
  await act(acts, { text: 8, answer: 3, file: 2, change: 3, inError: 1, remove: 1 }, speaking);
}

async function act(
  acts: Readonly<Record<string, () => Promise<void>>>,
  weights: Readonly<Record<string, number>>,
  { goesOn, random }: Speaking,
): Promise<void> {
  const names = Object.entries(weights).flatMap(([name, weight]) => Array<string>(weight).fill(name));
  for (let step = 0; goesOn(step); step += 1) {
    await acts[pick(names, random) ?? '']?.();
    await sleep(random() * LONGEST_PAUSE_MS);
  }
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

/** A message of a user that the platform sees on its server. */
async function recordedByUser(
  platform: PatientPlatform,
  { id, messages }: SentConversation,
  random: () => number,
): Promise<{ readonly eventId: string; readonly record: string } | undefined> {
  const bundle = (await platform.read(
    `Communication?part-of=CommunicationRequest/${id}&status=completed&_count=500`,
  )) as { entry?: { resource: { id: string; identifier?: { system?: string; value?: string }[] } }[] };
  const found = (bundle.entry ?? []).flatMap(({ resource }) => {
    const eventId = resource.identifier?.find(({ system }) => system === EVENT_ID_SYSTEM)?.value;
    const isOfUser = messages.some((message) => message.by === 'user' && message.id === eventId);
    return eventId !== undefined && isOfUser ? [{ eventId, record: resource.id }] : [];
  });
  return pick(found, random);
}

function nextText(speaking: Speaking): { readonly token: string; readonly text: string } {
  const token = peekToken(speaking);
  return { token, text: `${token} version 1` };
}

/** The brackets keep one token from beginning another. */
function peekToken({ name, conversation: { messages } }: Speaking): string {
  const said = messages.filter(({ token }) => token.startsWith(`[${name}-`)).length;
  return `[${name}-${said}]`;
}

function nextVersion({ token, text }: SentMessage): string {
  return `${token} version ${Number(/\d+$/.exec(text)?.[0] ?? 0) + 1}`;
}

function sha1(bytes: Buffer): string {
  return createHash('sha1').update(bytes).digest('base64');
}

/** One of these, or undefined of none. */
function pick<T>(from: readonly T[], random: () => number): T | undefined {
  return from[Math.floor(random() * from.length)];
}
