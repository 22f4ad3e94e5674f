// The list of all kinds of inbox items, by the `kind` in their payload.
import { z } from 'zod';
import { auditItemSchema } from './audit.ts';
import { convergeItemSchema } from './converge.ts';
import { conversationMessagesItemSchema } from './conversation-messages.ts';
import { ephemeralItemSchema } from './ephemeral.ts';
import { eventItemSchema } from './event.ts';
import { changeItemSchema } from './fhir-change.ts';
import { deletionItemSchema } from './fhir-deletion.ts';
import { forgetPersonItemSchema, forgetRoomItemSchema } from './forget-room.ts';
import { invitationItemSchema } from './invitation.ts';
import { messageNoticeItemSchema } from './message-notice.ts';
import { noticeItemSchema } from './notice.ts';
import { publishItemSchema } from './publish.ts';
import { sendStatusItemSchema } from './send-status.ts';
import { readItemSchema } from './read.ts';
import { readReportItemSchema } from './read-report.ts';
import { readTasksItemSchema } from './read-tasks.ts';
import { receiptsItemSchema } from './receipts.ts';
import { setAsideItemSchema } from './set-aside.ts';
import { toDeviceItemSchema } from './to-device.ts';
import { undeliveredItemSchema } from './undelivered.ts';
import { writeBackItemSchema } from './write-back.ts';

const schemas = {
  'matrix.event': eventItemSchema,
  'matrix.ephemeral': ephemeralItemSchema,
  'matrix.to_device': toDeviceItemSchema,
  'matrix.invitation': invitationItemSchema,
  'fhir.change': changeItemSchema,
  'fhir.deletion': deletionItemSchema,
  'conversation-messages': conversationMessagesItemSchema,
  'fhir.read': readReportItemSchema,
  receipts: receiptsItemSchema,
  read: readItemSchema,
  'read-tasks': readTasksItemSchema,
  notice: noticeItemSchema,
  'message-notice': messageNoticeItemSchema,
  'send-status': sendStatusItemSchema,
  undelivered: undeliveredItemSchema,
  'write-back': writeBackItemSchema,
  converge: convergeItemSchema,
  publish: publishItemSchema,
  'forget-room': forgetRoomItemSchema,
  'forget-person': forgetPersonItemSchema,
  audit: auditItemSchema,
  'set-aside': setAsideItemSchema,
};

/** A kind of inbox item. */
export type ItemKind = keyof typeof schemas;

/** The payload of each kind, as it is handled. */
export type Payloads = { readonly [Kind in ItemKind]: z.output<(typeof schemas)[Kind]> };

/** The schema of each kind. */
export const ITEM_SCHEMAS: { readonly [Kind in ItemKind]: z.ZodType<Payloads[Kind]> } = schemas;

/** Tells whether this version knows a kind of item. */
export function isItemKind(kind: string): kind is ItemKind {
  return Object.hasOwn(ITEM_SCHEMAS, kind);
}

const namedSchema = z.looseObject({ kind: z.string() });

/** What a payload says it is, known to this version or not. */
export function kindIn(payload: unknown): string | undefined {
  return namedSchema.safeParse(payload).data?.kind;
}

/** The kind of a payload as a label of metrics: one that this version knows, or `unknown`. */
export function kindNameOf(payload: unknown): ItemKind | 'unknown' {
  const kind = kindIn(payload);
  return kind !== undefined && isItemKind(kind) ? kind : 'unknown';
}
