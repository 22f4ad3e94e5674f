// Whose message a record says it is, and what a reader has to know of that.
import type { Coding, Extension, Identifier, Practitioner, Reference } from 'fhir/r4.js';
import { RECORD_TAG_SYSTEM, URI_SYSTEM } from '../domain/fhir.ts';
import { serverNameOf, type FhirReference, type MatrixUserId } from '../domain/ids.ts';
import { referTo } from '../mapping/references.ts';

/** What becomes of a message whose sender FHIR does not know. */
export type UnknownSender =
  /** Recorded with a logical reference: the Matrix user id, or the number that a directory gives. */
  | { readonly as: 'identifier' }
  /** Recorded with a contained Practitioner that has that identifier. */
  | { readonly as: 'contained' }
  /** Recorded as one resource for all, which the operator names. */
  | { readonly as: 'placeholder'; readonly reference: FhirReference }
  /** Recorded once FHIR knows them. */
  | { readonly as: 'hold' };

/** What is known of the sender of an event. */
export interface SenderFacts {
  readonly userId: MatrixUserId;
  /** As whom FHIR knows them. */
  readonly person: FhirReference | undefined;
  /** Whether they take part in the conversation. */
  readonly isMember: boolean;
  /** As whom a directory knows them, where FHIR does not. */
  readonly inDirectory: DirectoryPerson | undefined;
  /** As whom they name themselves in the room's state, where nothing else is known. Anyone may write anything there. */
  readonly claim: FhirReference | undefined;
}

/** A person as a directory knows them. */
export interface DirectoryPerson {
  readonly identifier: Pick<Identifier, 'system' | 'value'> | undefined;
  readonly name: string | undefined;
  /** The number (URA) of their organisation. */
  readonly organization: Pick<Identifier, 'system' | 'value'> | undefined;
}

/** The sender of a record. */
export interface Author {
  /** Undefined when FHIR does not know them. */
  readonly person: FhirReference | undefined;
  readonly sender: Reference;
  readonly contained: readonly Practitioner[];
  readonly tags: readonly Coding[];
  readonly extension: readonly Extension[];
}

/** The extension that names the homeserver of a sender of another organisation. */
export const HOMESERVER_EXTENSION = extension('sender-homeserver');
/** The extension that names that organisation. */
export const ORGANIZATION_EXTENSION = extension('sender-organization');
/** The extension that says as whom a sender names themselves. */
export const CLAIM_EXTENSION = extension('sender-claim');

const CONTAINED_ID = 'sender';

/**
 * The author of a record.
 * @param ownServer the name of the bridge's own homeserver
 */
export function authorOf(
  facts: SenderFacts,
  { ownServer, unknownSender }: { readonly ownServer: string; readonly unknownSender: UnknownSender },
): Author {
  const { userId, person, isMember, claim, inDirectory } = facts;
  const homeserver = serverNameOf(userId);
  const isForeign = homeserver !== ownServer;
  const known = person === undefined ? unknownAuthor(facts, unknownSender) : { sender: referTo(person) };
  return {
    ...{ person, contained: [], ...known },
    tags: [
      ...(isForeign ? [tag('other-organization', 'Sent from the homeserver of another organisation')] : []),
      ...(isMember ? [] : [tag('not-a-member', 'Its sender does not take part in the conversation')]),
      ...(claim === undefined
        ? []
        : [tag('sender-claimed', 'Its sender says who they are; nothing confirms it')]),
    ],
    extension: [
      ...(isForeign ? [{ url: HOMESERVER_EXTENSION, valueString: homeserver }] : []),
      ...(inDirectory?.organization === undefined
        ? []
        : [{ url: ORGANIZATION_EXTENSION, valueIdentifier: inDirectory.organization }]),
      ...(claim === undefined ? [] : [{ url: CLAIM_EXTENSION, valueUri: claim }]),
    ],
  };
}

/** A reference by identifier alone: https://hl7.org/fhir/R4/references.html#logical. */
function unknownAuthor(
  { userId, inDirectory }: SenderFacts,
  policy: UnknownSender,
): Pick<Author, 'sender'> & Partial<Pick<Author, 'contained'>> {
  const identifier = inDirectory?.identifier ?? { system: URI_SYSTEM, value: `matrix:u/${userId.slice(1)}` };
  const name = inDirectory?.name;
  switch (policy.as) {
    case 'placeholder':
      return { sender: referTo(policy.reference) };
    case 'contained':
      return {
        sender: { reference: `#${CONTAINED_ID}`, type: 'Practitioner' },
        contained: [
          {
            ...{ resourceType: 'Practitioner', id: CONTAINED_ID, identifier: [identifier] },
            ...(name !== undefined && { name: [{ text: name }] }),
          },
        ],
      };
    case 'identifier':
    case 'hold':
      return { sender: { identifier, ...(name !== undefined && { display: name }) } };
  }
}

function tag(code: string, display: string): Coding {
  return { system: RECORD_TAG_SYSTEM, code, display };
}

function extension(name: string): string {
  return `https://github.com/fhir-matrix-bridge/fhir/StructureDefinition/${name}`;
}
