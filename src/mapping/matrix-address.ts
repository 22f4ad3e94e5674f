// The Matrix address that a resource publishes in its telecom, in every form the guides use.
import type { ContactPoint, Extension } from 'fhir/r4.js';
import type { MatrixUserId } from '../domain/ids.ts';
import { isMatrixUserId } from '../domain/ids.ts';

const CONTACT_PURPOSE = 'http://hl7.org/fhir/StructureDefinition/contactpoint-purpose';
const MESSAGING_PURPOSE = 'matrix-messaging';

/**
 * The Matrix address that contacts name: `@u:hs` tagged `matrix-messaging`, `matrix:u/u:hs`, or a matrix.to link.
 * A second, different address makes it ambiguous; one that is out of use does not count.
 * @returns undefined when there is none, or more than one
 */
export function matrixAddressIn(telecom: readonly ContactPoint[]): MatrixUserId | undefined {
  const [first, second] = new Set(telecom.map(addressInContactPoint).filter((id) => id !== undefined));
  return second === undefined ? first : undefined;
}

function addressInContactPoint(contact: ContactPoint): MatrixUserId | undefined {
  if (contact.use === 'old') return undefined;
  const value = contact.value?.trim() ?? '';
  const candidate =
    contact.system === 'other' && (contact.extension ?? []).some(isMessagingPurpose)
      ? addressOfForm(value)
      : contact.system === 'url'
        ? addressOfForm(value)
        : undefined;
  return candidate !== undefined && isMatrixUserId(candidate) ? candidate : undefined;
}

function addressOfForm(value: string): string | undefined {
  if (value.startsWith('@')) return value;
  const [, localpartAndServer] = /^matrix:u\/([^/?]+)$/.exec(value) ?? [];
  if (localpartAndServer !== undefined) return `@${localpartAndServer}`;
  const [, identifier] = /^https:\/\/matrix\.to\/#\/([^/?]+)$/.exec(value) ?? [];
  return identifier === undefined ? undefined : safeDecode(identifier);
}

function safeDecode(value: string): string | undefined {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** The extension exists as a string (Dutch specification §7) and as a CodeableConcept (HL7): both are read. */
function isMessagingPurpose(extension: Extension): boolean {
  if (extension.url !== CONTACT_PURPOSE) return false;
  return (
    extension.valueString === MESSAGING_PURPOSE ||
    (extension.valueCodeableConcept?.coding ?? []).some((coding) => coding.code === MESSAGING_PURPOSE)
  );
}
