// What the bridge says to people, in rooms and in records: every language has all of it.
import type { FileRefusal } from '../../domain/files.ts';
import type { MessageReason, StateReason } from '../../domain/notices.ts';

/** The texts of a language. None of them carries its meaning by a symbol alone, so that a screen reader can say it. */
export interface Texts {
  /** Told once, after the name of the member. */
  readonly states: Readonly<Record<StateReason, string>>;
  /** Told each time, after the name of the member: of one message or of several. */
  readonly messages: Readonly<Record<MessageReason, (count: number) => string>>;
  /** The reason of every invitation to another homeserver: another one could reveal what the patient suffers from. */
  readonly invitation: string;
  /** The status of a message that has not been recorded for a while, and is tried again. */
  readonly delayed: string;
  /** In a room, before what the record says now in place of a message that its sender alone can edit. */
  readonly changedInRecord: string;
  /** In a room, in place of the attachments of a message. */
  readonly attachmentsNotShown: (count: number) => string;
  /** On either side, in place of a file that was refused. */
  readonly fileMissing: (name: string | undefined, reason: FileRefusal) => string;
  /** In a room, at the end of a text that is too long for it. */
  readonly textGoesOn: string;
  readonly records: RecordTexts;
  readonly rooms: RoomNames;
}

/** The names of spaces and rooms where the operator gives no templates; `room-names.ts` fills in the variables. */
export interface RoomNames {
  readonly spaceName: string;
  readonly conversationName: string;
  /** Where the operator's template leaves nothing to say. */
  readonly conversationFallback: string;
}

/** What records say in place of what is no text. */
export interface RecordTexts {
  readonly pollQuestion: (question: string) => string;
  /** None where an answer was taken back. */
  readonly pollAnswer: (answers: readonly string[]) => string;
  /** An answer that is not among those of the poll, or whose poll is not recorded. */
  readonly unknownAnswer: string;
  /** @param result as the client of who ended the poll wrote it */
  readonly pollEnd: (result: string | undefined) => string;
  readonly sticker: (description: string) => string;
  /** A call that rang, or was to ring. */
  readonly call: string;
  /** A message that the bridge has no key for. */
  readonly encrypted: string;
  /** A message of a type that no kind carries. @param type such as `m.audio`, where it may be said */
  readonly unsupportedMessage: (type: string | undefined) => string;
}
