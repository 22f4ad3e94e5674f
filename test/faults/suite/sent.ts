// The recorder: what was said on either side of a conversation, and how it should look in the end.

/** A file of a message. */
export interface SentFile {
  readonly name: string;
  /** SHA-1 of its bytes, in base64, as FHIR has it. */
  readonly sha1: string;
}

/** A message, as it should be in the end. What is not `readonly` changes as it is edited or taken back. */
export interface SentMessage {
  readonly by: 'user' | 'platform';
  /** The event's id, or that of the Communication. */
  readonly id: string;
  /** Begins the text of every version, and no other message. */
  readonly token: string;
  readonly kind:
    | ('text' | 'emote' | 'notice' | 'file' | 'location')
    /** Of these, the record says more than the text. */
    | ('poll' | 'poll-answer' | 'sticker')
    /** A call has no text of its own. */
    | 'call';
  text: string;
  /** It was taken back. */
  isGone: boolean;
  /** Which message it answers; a message in a thread answers the thread's first. */
  readonly answers?: { readonly by: 'user' | 'platform'; readonly id: string };
  readonly file?: SentFile;
  /** Reactions of users to it. */
  readonly reactions: string[];
}

/** One conversation, with all that was said in it, each side in its order. */
export interface SentConversation {
  /** The id of its CommunicationRequest. */
  readonly id: string;
  readonly roomId: string;
  /** Said first in the room, by the CommunicationRequest. */
  readonly opening: string;
  readonly messages: SentMessage[];
}
