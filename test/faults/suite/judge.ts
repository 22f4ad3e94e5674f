// Compares what was said with what both sides show: what is lost, doubled, out of order, altered or said by no one.
import type { SentConversation, SentMessage } from './sent.ts';

/** What went wrong with one message. */
export interface Finding {
  readonly what: 'lost' | 'doubled' | 'out of order' | 'altered' | 'unexplained';
  /** Which conversation and message, and what is there instead. */
  readonly about: string;
}

/** A message of the room as a reader sees it, without edits, which are in their message. */
export interface RoomMessage {
  readonly eventId: string;
  readonly sender: string;
  readonly isNotice: boolean;
  /** With the latest edit. */
  readonly text: string;
  /** Before any edit. */
  readonly firstText: string;
  readonly answers: string | undefined;
  readonly fileSha1: string | undefined;
}

/** A Communication as a platform reads it. */
export interface Recorded {
  readonly id: string;
  /** The events that it names as its own. */
  readonly eventIds: readonly string[];
  readonly isInError: boolean;
  readonly texts: readonly string[];
  readonly fileSha1: string | undefined;
  /** References to other Communications. */
  readonly answers: readonly string[];
  readonly notes: readonly string[];
  /** When its first version was written, in milliseconds since 1970. */
  readonly createdMs: number;
}

/** What both sides show of one conversation. */
export interface BothSides {
  /** Oldest first. */
  readonly room: readonly RoomMessage[];
  readonly records: readonly Recorded[];
  /** Of the bridge's own bot. */
  readonly bot: string;
}

/** What is wrong in a conversation; empty when all is well. */
export function judge(sent: SentConversation, sides: BothSides): readonly Finding[] {
  const users = sent.messages.filter(({ by }) => by === 'user');
  const platforms = sent.messages.filter(({ by }) => by === 'platform');
  return [
    ...users.flatMap((message) => judgeRecord(message, sides)),
    ...platforms.flatMap((message) => judgeRoomMessage(message, sides)),
    ...judgeOpening(sent, sides),
    ...judgeOrder(users, (message) => createdAt(message, sides)),
    ...judgeOrder(platforms, (message) => placeInRoom(message, sides)),
    ...strangers(sent, sides),
  ].map(({ what, about }) => ({ what, about: `${sent.id}: ${about}` }));
}

function judgeRecord(message: SentMessage, { records }: BothSides): readonly Finding[] {
  const own = recordsOf(message, records);
  const about = `message of a user “${message.text}” ${message.id}`;
  const [record] = own;
  if (record === undefined) return [{ what: 'lost', about }];
  if (own.length > 1) return [{ what: 'doubled', about: `${about}: ${own.map(({ id }) => id).join()}` }];
  const altered = (what: string): Finding => ({ what: 'altered', about: `${about}: ${what}` });
  if (record.isInError !== message.isGone) return [altered(record.isInError ? 'in error' : 'not taken back')];
  if (message.isGone) return [];
  const answered = message.answers && answeredRecord(message.answers, records);
  const reactions = message.reactions.toSorted().join();
  return [
    ...(saysSo(message, record) ? [] : [altered(`text ${record.texts.join()}`)]),
    ...(record.fileSha1 === message.file?.sha1 ? [] : [altered('file')]),
    ...(answered === undefined || record.answers.includes(answered)
      ? []
      : [altered(`answers ${record.answers.join()} instead of ${answered}`)]),
    ...(record.notes.toSorted().join() === reactions
      ? []
      : [altered(`reactions ${record.notes.join()} instead of ${reactions}`)]),
  ];
}

function saysSo({ kind, text }: SentMessage, { texts }: Recorded): boolean {
  switch (kind) {
    case 'text':
    case 'emote':
    case 'notice':
    case 'location':
      return texts.includes(text);
    case 'poll':
    case 'poll-answer':
    case 'sticker':
      return texts.some((said) => said.endsWith(text));
    case 'file':
    case 'call':
      return true;
  }
}

function judgeRoomMessage(message: SentMessage, { room, records }: BothSides): readonly Finding[] {
  const about = `message of a platform “${message.text}” ${message.id}`;
  if (message.isGone) {
    const there = room.filter(({ firstText }) => firstText.startsWith(message.token));
    const record = records.find(({ id }) => id === message.id);
    const how = record === undefined ? 'deleted' : record.isInError ? 'in error' : 'there';
    return there.map(({ eventId }) => ({ what: 'altered', about: `${about}: ${how}, but not ${eventId}` }));
  }
  const own = inRoom(message, room);
  const [event] = own;
  if (event === undefined) return [{ what: 'lost', about }];
  if (own.length > 1) return [{ what: 'doubled', about }];
  const altered = (what: string): Finding => ({ what: 'altered', about: `${about}: ${what}` });
  const answered = message.answers && answeredEvent(message.answers, records, room);
  const notes = records.find(({ id }) => id === message.id)?.notes ?? [];
  return [
    ...(event.text === message.text ? [] : [altered(`text ${event.text}`)]),
    ...(message.file === undefined || room.some(({ fileSha1 }) => fileSha1 === message.file?.sha1)
      ? []
      : [altered('file')]),
    ...(answered === undefined || event.answers === answered
      ? []
      : [altered(`answers ${event.answers ?? 'nothing'} instead of ${answered}`)]),
    ...(notes.toSorted().join() === message.reactions.toSorted().join()
      ? []
      : [altered(`reactions ${notes.join()}`)]),
  ];
}

function judgeOpening({ opening }: SentConversation, { room }: BothSides): readonly Finding[] {
  const said = room.filter(({ text }) => text === opening);
  if (said.length === 1) return [];
  return [{ what: said.length === 0 ? 'lost' : 'doubled', about: `the first message “${opening}”` }];
}

/**
 * Messages that answer one of the other side may wait for it, while later ones go on. One of a platform that was changed stands
 * where it was changed, if the bridge did not read it before.
 */
function judgeOrder(
  messages: readonly SentMessage[],
  placeOf: (message: SentMessage) => number | undefined,
): readonly Finding[] {
  const findings: Finding[] = [];
  let before: { readonly message: SentMessage; readonly place: number } | undefined;
  for (const message of messages) {
    if (message.answers !== undefined && message.answers.by !== message.by) continue;
    if (message.by === 'platform' && !message.text.endsWith('version 1')) continue;
    const place = placeOf(message);
    if (place === undefined) continue;
    if (before !== undefined && place < before.place)
      findings.push({ what: 'out of order', about: `“${message.text}” before “${before.message.text}”` });
    before = { message, place };
  }
  return findings;
}

/** What stands on either side and was said by no one. */
function strangers(sent: SentConversation, { room, records, bot }: BothSides): readonly Finding[] {
  const tokens = sent.messages.map(({ token }) => token);
  const isKnown = (text: string) => tokens.some((token) => text.startsWith(token));
  const ids = new Set(sent.messages.map(({ id }) => id));
  const calls = sent.messages.filter(({ kind }) => kind === 'call');
  const notices = room.filter(({ sender, isNotice }) => sender === bot && isNotice);
  return [
    ...calls
      .slice(notices.length)
      .map(({ id }): Finding => ({ what: 'lost', about: `what the bot says to the caller of ${id}` })),
    // To each caller the bot says that nobody can take the call.
    ...notices
      .slice(calls.length)
      .map(({ text }): Finding => ({ what: 'unexplained', about: `the bot says “${text}”` })),
    ...room
      .filter(({ sender, text }) => sender !== bot && text !== sent.opening && !isKnown(text))
      .map(({ text, eventId }): Finding => ({
        what: 'unexplained',
        about: `${eventId} “${text}” in the room`,
      })),
    ...records
      .filter(({ id, eventIds }) => !ids.has(id) && !eventIds.some((eventId) => ids.has(eventId)))
      .map(({ id, texts }): Finding => ({
        what: 'unexplained',
        about: `Communication/${id} ${texts.join()}`,
      })),
  ];
}

function recordsOf({ id }: Pick<SentMessage, 'id'>, records: readonly Recorded[]): readonly Recorded[] {
  return records.filter(({ eventIds }) => eventIds.includes(id));
}

function inRoom({ token }: SentMessage, room: readonly RoomMessage[]): readonly RoomMessage[] {
  return room.filter(({ firstText }) => firstText.startsWith(`${token} `));
}

function createdAt(message: SentMessage, { records }: BothSides): number | undefined {
  return recordsOf(message, records)[0]?.createdMs;
}

function placeInRoom(message: SentMessage, { room }: BothSides): number | undefined {
  const place = room.findIndex(({ firstText }) => firstText.startsWith(`${message.token} `));
  return place === -1 ? undefined : place;
}

function answeredRecord(
  { by, id }: NonNullable<SentMessage['answers']>,
  records: readonly Recorded[],
): string | undefined {
  const record = by === 'platform' ? id : recordsOf({ id }, records)[0]?.id;
  return record === undefined ? undefined : `Communication/${record}`;
}

/** An answer to what was taken back may have come before or after that: either is right. */
function answeredEvent(
  { by, id }: NonNullable<SentMessage['answers']>,
  records: readonly Recorded[],
  room: readonly RoomMessage[],
): string | undefined {
  const event = by === 'user' ? id : records.find((record) => record.id === id)?.eventIds[0];
  return room.some(({ eventId }) => eventId === event) ? event : undefined;
}
