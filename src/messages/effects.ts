// What the pipelines can do for a message on either side.
import type { Attachment, CommunicationPayload } from 'fhir/r4.js';
import type { Communication, Provenance, ResourceVersion } from '../domain/fhir.ts';
import type { EventId, FhirReference } from '../domain/ids.ts';

/** A write to the FHIR server. Files of the message stand in it as attachments with their `mxc` URI; they are copied before. */
export type FhirWrite =
  | {
      readonly kind: 'create';
      readonly communication: Communication & { readonly id: string };
      /** A record without whose content it cannot say what it says; its payload stays as it is where that is gone. */
      readonly quotes?: {
        readonly reference: FhirReference;
        readonly payload: (quoted: Communication) => readonly CommunicationPayload[];
      };
    }
  /** A new version of a Communication; `undefined` from `apply` means that it is so already. */
  | (Change & {
      readonly kind: 'change';
      readonly apply: (before: Communication) => Communication | undefined;
    })
  /** The content of its newest version with this digest (`contentDigest`) again. */
  | (Change & { readonly kind: 'restore'; readonly digest: string });

/** A Provenance that is still to be written. */
export type NewProvenance = Provenance & { readonly id: string };

interface Change {
  readonly reference: FhirReference;
  /** The event of the message that is changed. */
  readonly target: EventId;
  /** Says why it was changed, where that is to be recorded. */
  readonly provenance?: (made: ResourceVersion) => NewProvenance;
}

/** A send to the homeserver. */
export type MatrixSend = (
  | {
      readonly kind: 'send';
      readonly type: string;
      readonly content: Readonly<Record<string, unknown>>;
      /** The file that it shows: it is uploaded before, and the content is completed with it. */
      readonly file?: Attachment;
      /** The event that is changed by it, if it is a change. */
      readonly target?: EventId;
    }
  | { readonly kind: 'redact'; readonly eventId: EventId }
) & {
  /** The bot in its own name, because the sender of the message cannot do it. */
  readonly by?: 'bot';
};
