// What a message of any kind may carry beside its content: what it answers, whom it mentions.
import type { Coding } from 'fhir/r4.js';
import type { Communication } from '../../domain/fhir.ts';
import type { FhirReference, MatrixUserId } from '../../domain/ids.ts';
import type { FhirInput, KindPage, Links, MatrixContext, MatrixInput, MessageRef } from '../kind.ts';
import type { RecordContext } from '../record.ts';

/** What an aspect adds to a new record. Lists are added to those that are there. */
export interface RecordAddition {
  readonly elements?: Pick<Communication, 'inResponseTo' | 'recipient'>;
  readonly tags?: readonly Coding[];
}

/** An aspect; everything here is pure. */
export interface Aspect {
  readonly name: string;
  readonly page: KindPage;
  /** What has to be carried before; none where it is left out. */
  readonly refs?: (input: MatrixInput | FhirInput) => readonly MessageRef[];
  /** Users whose person, and people whose account, have to be known; none where it is left out. */
  readonly people?: (input: MatrixInput | FhirInput) => readonly (FhirReference | MatrixUserId)[];
  readonly toFhir: (input: MatrixInput, known: Links, context: RecordContext) => RecordAddition;
  /**
   * What is added to the content of a send; objects are merged with those that are there.
   * @param part which of the sends of the message; 0 for the first
   */
  readonly toMatrix: (
    input: FhirInput,
    known: Links,
    context: MatrixContext,
    part: number,
  ) => Readonly<Record<string, unknown>>;
}
