// The union of everything that may lie in the inbox, by the source that tells them apart.
import type { FhirReference, MatrixUserId, RoomId } from './ids.ts';
import type { MatrixEvent } from './matrix.ts';
import type { FollowedType } from './fhir.ts';

/** An event of a room; source id is the event id. */
export interface MatrixEventItem {
  readonly kind: 'matrix.event';
  readonly event: MatrixEvent;
}

/** An ephemeral event (receipt, typing, presence) as pushed; never sent twice by Synapse. */
export interface MatrixEphemeralItem {
  readonly kind: 'matrix.ephemeral';
  readonly content: unknown;
}

/** A to-device message as pushed; never sent twice by Synapse. */
export interface MatrixToDeviceItem {
  readonly kind: 'matrix.to_device';
  readonly content: unknown;
}

/** A version of a FHIR resource that the cursor has seen; source id is `Type/id/versionId`. The body is re-read. */
export interface FhirChangeItem {
  readonly kind: 'fhir.change';
  readonly resourceType: FollowedType;
  readonly reference: FhirReference;
  readonly versionId: string;
}

/** An invitation that stands, as `/sync` shows it: without an event id, and maybe not pushed. It is asked for again. */
export interface InvitationItem {
  readonly kind: 'matrix.invitation';
  readonly roomId: RoomId;
  /** The bot or a ghost. */
  readonly userId: MatrixUserId;
  readonly sender: MatrixUserId;
}

/** Something its sender must be told in the room: an unsupported content, a message that could not be filed. */
export interface NoticeItem {
  readonly kind: 'notice';
  readonly roomId: RoomId;
  readonly about: MatrixUserId;
  readonly reason: NoticeReason;
}

/** A space or room to be brought up to date because something it depends on changed; source id names the cause. */
export interface ConvergeItem {
  readonly kind: 'converge';
  /** The CareTeam or CommunicationRequest. */
  readonly reference: FhirReference;
  /** Whoever could not be invited the last time must be now, or the item fails and is tried again. */
  readonly insist?: true;
}

/** The address of a practitioner's ghost, to be written into one's own directory; stored once for both. */
export interface PublishItem {
  readonly kind: 'publish';
  readonly reference: FhirReference;
  readonly userId: MatrixUserId;
}

/** Why a notice is sent; `mapping/notices.ts` has the words. */
export type NoticeReason =
  | 'unmapped-sender'
  | 'unsupported-content'
  | 'unsupported-event'
  | 'not-filed'
  | 'change-not-filed'
  | 'needs-power'
  | 'upgrade-not-followed'
  | 'room-replaced';

export type InboxItem =
  | MatrixEventItem
  | MatrixEphemeralItem
  | MatrixToDeviceItem
  | InvitationItem
  | FhirChangeItem
  | NoticeItem
  | ConvergeItem
  | PublishItem;
