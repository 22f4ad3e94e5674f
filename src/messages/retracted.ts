// A record whose message was retracted: in error, and without its text unless the operator keeps it.
import type { CommunicationPayload } from 'fhir/r4.js';
import { isDeepStrictEqual } from 'node:util';
import type { Communication } from '../domain/fhir.ts';
import type { MessageOptions } from './options.ts';

/** Stands where the text was. https://hl7.org/fhir/R4/extension-data-absent-reason.html */
const ABSENT: CommunicationPayload = {
  _contentString: {
    extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
  },
};

/** The record as retracted; undefined when it is so already. */
export function retracted(
  before: Communication,
  { retractedText }: Pick<MessageOptions, 'retractedText'>,
): Communication | undefined {
  const after: Communication = {
    ...before,
    status: 'entered-in-error',
    ...(retractedText === 'removed' && before.payload !== undefined && { payload: [ABSENT] }),
  };
  return isDeepStrictEqual(before, after) ? undefined : after;
}
