// Reads what both sides show of a conversation, as a member of the room and a care platform see it.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EVENT_ID_SYSTEM } from '../../../src/domain/fhir.ts';
import type { PatientPlatform, RoomEvent, UserClient } from '../../../stack/clients.ts';
import type { BothSides, Recorded, RoomMessage } from './judge.ts';

/** Who looks. */
export interface Lookers {
  readonly user: UserClient;
  readonly platform: PatientPlatform;
  readonly bot: string;
  /** SHA-1 of files by where they are, which are read once. */
  readonly files: Map<string, string>;
}

const relationSchema = z.looseObject({
  rel_type: z.string().optional(),
  event_id: z.string().optional(),
  'm.in_reply_to': z.object({ event_id: z.string() }).optional(),
});
const messageSchema = z.looseObject({
  body: z.string(),
  msgtype: z.string(),
  url: z.string().optional(),
  'm.relates_to': relationSchema.optional(),
  'm.new_content': z.looseObject({ body: z.string() }).optional(),
});

const communicationSchema = z.looseObject({
  resourceType: z.literal('Communication'),
  id: z.string(),
  meta: z.object({ versionId: z.string(), lastUpdated: z.string() }),
  status: z.string(),
  identifier: z
    .array(z.looseObject({ system: z.string().optional(), value: z.string().optional() }))
    .default([]),
  inResponseTo: z.array(z.looseObject({ reference: z.string().optional() })).default([]),
  note: z.array(z.looseObject({ text: z.string() })).default([]),
  payload: z
    .array(
      z.looseObject({
        contentString: z.string().optional(),
        contentAttachment: z
          .looseObject({ url: z.string().optional(), data: z.string().optional() })
          .optional(),
      }),
    )
    .default([]),
});
type Communication = z.infer<typeof communicationSchema>;
const bundleSchema = z.looseObject({
  entry: z.array(z.looseObject({ resource: communicationSchema })).default([]),
});

/** Reads both sides. */
export async function look(
  { user, platform, bot, files }: Lookers,
  { id, roomId }: { readonly id: string; readonly roomId: string },
): Promise<BothSides> {
  const sha1Of = async (where: string, read: () => Promise<Buffer>): Promise<string> => {
    const known =
      files.get(where) ??
      createHash('sha1')
        .update(await read())
        .digest('base64');
    files.set(where, known);
    return known;
  };
  const bundle = bundleSchema.parse(
    await platform.read(`Communication?part-of=CommunicationRequest/${id}&_count=500`),
  );
  const records = await Promise.all(bundle.entry.map(({ resource }) => recorded(platform, resource, sha1Of)));
  const events = await user.history(roomId);
  const messages = events.filter(
    (event) => event.type === 'm.room.message' && event.sender !== user.userId && !isEdit(event),
  );
  const room = await Promise.all(
    messages.flatMap(async (event) => {
      const content = messageSchema.safeParse(event.content).data;
      return content === undefined ? undefined : roomMessage(user, event, content, events, sha1Of);
    }),
  );
  return { bot, records, room: room.filter((message) => message !== undefined) };
}

type Sha1Of = (where: string, read: () => Promise<Buffer>) => Promise<string>;

async function roomMessage(
  user: UserClient,
  event: RoomEvent,
  content: z.infer<typeof messageSchema>,
  events: readonly RoomEvent[],
  sha1Of: Sha1Of,
): Promise<RoomMessage> {
  const edits = events.filter(
    (edit) => isEdit(edit) && edit.sender === event.sender && relationOf(edit)?.event_id === event.event_id,
  );
  const latest = edits.map((edit) => messageSchema.safeParse(edit.content).data?.['m.new_content']).at(-1);
  const { url } = content;
  return {
    eventId: event.event_id,
    sender: event.sender,
    isNotice: content.msgtype === 'm.notice',
    text: latest?.body ?? content.body,
    firstText: content.body,
    answers: content['m.relates_to']?.['m.in_reply_to']?.event_id,
    fileSha1: url === undefined ? undefined : await sha1Of(url, () => user.download(url)),
  };
}

async function recorded(
  platform: PatientPlatform,
  resource: Communication,
  sha1Of: Sha1Of,
): Promise<Recorded> {
  const { id, meta, identifier, payload, inResponseTo, note } = resource;
  const first =
    meta.versionId === '1'
      ? resource
      : communicationSchema.parse(await platform.read(`Communication/${id}/_history/1`));
  const binary = payload
    .map(({ contentAttachment }) => contentAttachment?.url)
    .find((url) => url !== undefined);
  return {
    id,
    eventIds: identifier.flatMap(({ system, value }) => (system === EVENT_ID_SYSTEM ? (value ?? []) : [])),
    isInError: resource.status === 'entered-in-error',
    texts: payload.flatMap(({ contentString }) => contentString ?? []),
    fileSha1: binary === undefined ? undefined : await sha1Of(binary, () => readBinary(platform, binary)),
    answers: inResponseTo.flatMap(({ reference }) => reference ?? []),
    notes: note.map(({ text }) => text),
    createdMs: Date.parse(first.meta.lastUpdated),
  };
}

async function readBinary(platform: PatientPlatform, url: string): Promise<Buffer> {
  const { data } = z.looseObject({ data: z.string() }).parse(await platform.read(url));
  return Buffer.from(data, 'base64');
}

function isEdit(event: RoomEvent): boolean {
  return relationOf(event)?.rel_type === 'm.replace';
}

function relationOf(event: RoomEvent): z.infer<typeof relationSchema> | undefined {
  return relationSchema.safeParse(event.content['m.relates_to']).data;
}
