// Why a Communication of a platform did not reach its room, as the platform is told by a Task.

/** Of each reason, what a developer reads and the issue type that is nearest to it (https://hl7.org/fhir/R4/valueset-issue-type.html). */
export const UNDELIVERED = {
  'no-content': {
    display: 'It has no text and no attachment in payload',
    issue: 'required',
  },
  'content-lost': {
    display: 'Some of its payload cannot be shown in a room',
    issue: 'not-supported',
  },
  'no-conversation': {
    display: 'Neither partOf nor basedOn names a conversation',
    issue: 'required',
  },
  'conversation-closed': {
    display: 'Its conversation is closed',
    issue: 'business-rule',
  },
  'status-not-sent': {
    display: 'Messages of its status are not sent',
    issue: 'business-rule',
  },
  'change-not-carried': {
    display: 'It was sent before, and this change of it cannot be carried',
    issue: 'not-supported',
  },
  'too-large': {
    display: 'It is too large for a message in a room',
    issue: 'too-long',
  },
  refused: {
    display: 'The homeserver refused the message, or the account of its sender',
    issue: 'processing',
  },
  'not-delivered': {
    display: 'It could not be delivered; the operator of the bridge has been told',
    issue: 'exception',
  },
} as const satisfies Readonly<Record<string, { readonly display: string; readonly issue: string }>>;

export type UndeliveredReason = keyof typeof UNDELIVERED;

/** All reasons. */
export const UNDELIVERED_REASONS = Object.keys(UNDELIVERED) as readonly UndeliveredReason[];
