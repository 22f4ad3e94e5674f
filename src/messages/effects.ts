// What the pipelines can do for a message on either side.
import type { Communication } from '../domain/fhir.ts';
import type { EventId, FhirReference } from '../domain/ids.ts';

/** A write to the FHIR server. */
export type FhirWrite =
  | { readonly kind: 'create'; readonly communication: Communication & { readonly id: string } }
  /** A new version of a Communication; `undefined` from `apply` means that it is so already. */
  | {
      readonly kind: 'change';
      readonly reference: FhirReference;
      /** The event of the message that is changed. */
      readonly target: EventId;
      readonly apply: (before: Communication) => Communication | undefined;
    };

/** A send to the homeserver. */
export type MatrixSend =
  | {
      readonly kind: 'send';
      readonly type: string;
      readonly content: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: 'redact'; readonly eventId: EventId };
