// The operator's choices for messages, compiled from the section `messages` of the configuration.
import type { Texts } from '../mapping/language/texts.ts';

/** The choices. */
export interface MessageOptions {
  /** What people read, in the operator's language. */
  readonly texts: Texts;
  /** What an edit in Matrix becomes: a new version of the record, or a record in error and a new one beside it. */
  readonly edits: 'new-version' | 'retract-and-correct';
  /** What becomes of the text of a record whose message was retracted. */
  readonly retractedText: 'removed' | 'kept';
  /** Whether the reason of a redaction becomes a Provenance. */
  readonly retractionReason: 'off' | 'provenance';
  /** Whether a reaction becomes a note on the record of its message. */
  readonly reactions: 'off' | 'note';
  /** How an answer from FHIR is shown: as a reply, or in the thread of the message it answers. */
  readonly threads: 'off' | 'on';
  /** Files in one Communication at most. */
  readonly maxFiles: number;
  /** How a record holds a file from Matrix. */
  readonly filesAs: 'attachment' | 'document-reference';
  /** Whether the recipients of a Communication are mentioned in the room. */
  readonly mentionRecipients: boolean;
  /** How the record holds a formatted text: its words alone, or its HTML beside them. */
  readonly formattedText: 'plain' | 'html-attachment';
}
