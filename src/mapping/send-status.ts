// What clients are told of a message that could not be recorded: the event `com.beeper.message_send_status`.
//
// The form is that of the mautrix bridges (https://pkg.go.dev/maunium.net/go/mautrix/event#BeeperMessageStatusEventContent).
// PENDING is for what the bridge itself tries again: a client that offers to send a message again does so at FAIL_RETRIABLE.
import type { EventId } from '../domain/ids.ts';
import type { NoticeReason } from '../domain/notices.ts';
import type { Texts } from './language/texts.ts';
import { noticeText } from './notices.ts';

/** The type of the event. */
export const SEND_STATUS_TYPE = 'com.beeper.message_send_status';

/** The key under which it carries the bridge's own reason, which says more than `reason` can. */
const REASON_KEY = 'io.github.fhir-matrix-bridge.reason';

/** What may be said of a message that is not recorded. */
export const SEND_FAILURES = [
  'unsupported-content',
  'encrypted-message',
  'empty-message',
  'unsupported-event',
  'file-too-large',
  'file-not-allowed',
  'file-infected',
  'file-not-scanned',
  'file-missing',
  'too-large',
  'refused',
  'not-filed',
  'room-replaced',
  'delayed',
] as const;
export type SendFailure = (typeof SEND_FAILURES)[number];

type BeeperReason = 'com.beeper.unsupported_event' | 'com.beeper.undecryptable_event';

/** The statuses, and the reasons that clients know. */
interface Failed {
  readonly status: 'PENDING' | 'FAIL_RETRIABLE' | 'FAIL_PERMANENT';
  readonly reason: 'm.event_not_handled' | 'm.foreign_network_error' | BeeperReason;
}

const permanent = (reason: Failed['reason']): Failed => ({ status: 'FAIL_PERMANENT', reason });

const retriable = (reason: Failed['reason']): Failed => ({ status: 'FAIL_RETRIABLE', reason });

const FAILED: Readonly<Record<SendFailure, Failed>> = {
  'unsupported-content': permanent('com.beeper.unsupported_event'),
  'encrypted-message': permanent('com.beeper.undecryptable_event'),
  'empty-message': permanent('com.beeper.unsupported_event'),
  'unsupported-event': permanent('com.beeper.unsupported_event'),
  'file-too-large': permanent('m.event_not_handled'),
  'file-not-allowed': permanent('m.event_not_handled'),
  'file-infected': permanent('m.event_not_handled'),
  'file-not-scanned': retriable('m.event_not_handled'),
  'file-missing': retriable('m.event_not_handled'),
  'too-large': permanent('m.event_not_handled'),
  refused: permanent('m.event_not_handled'),
  'room-replaced': permanent('m.event_not_handled'),
  'not-filed': retriable('m.foreign_network_error'),
  delayed: { status: 'PENDING', reason: 'm.foreign_network_error' },
};

/** The status of a message; undefined for one that was recorded after all. */
export function sendStatusOf(failure: SendFailure | undefined): Failed['status'] | 'SUCCESS' {
  return failure === undefined ? 'SUCCESS' : FAILED[failure].status;
}

/** Content of the event. */
export function sendStatusContent(
  texts: Texts,
  eventId: EventId,
  failure: SendFailure | undefined,
): Record<string, unknown> {
  return {
    network: 'fhir',
    'm.relates_to': { rel_type: 'm.reference', event_id: eventId },
    status: sendStatusOf(failure),
    ...(failure !== undefined && {
      reason: FAILED[failure].reason,
      [REASON_KEY]: failure,
      message: failure === 'delayed' ? texts.delayed : noticeText(texts, noticeOf(failure)),
    }),
  };
}

/** The notice that says the same in words. */
function noticeOf(failure: Exclude<SendFailure, 'delayed'>): NoticeReason {
  return failure === 'refused' ? 'not-filed' : failure;
}
