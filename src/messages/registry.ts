// The kinds of messages that the bridge carries. To add one: a file in `kinds/`, a table of literal examples, a line here.
import type {
  FhirInput,
  Link,
  Links,
  MatrixInput,
  ReadCommunication,
  ReadEvent,
  RegisteredKind,
} from './kind.ts';
import { emote } from './kinds/emote.ts';
import { notice } from './kinds/notice.ts';
import { text } from './kinds/text.ts';
import { unsupported } from './kinds/unsupported.ts';

/** All kinds; the first that can read a message has it. */
export const KINDS: readonly RegisteredKind[] = [emote, notice, text, unsupported];

/** Reads an event; undefined when it says nothing that people read. */
export function readEvent(
  kinds: readonly RegisteredKind[],
  input: MatrixInput,
  known: Links,
): ReadEvent | undefined {
  return kinds.map((kind) => kind.readEvent(input, known)).find((read) => read !== undefined);
}

/** Reads a Communication; undefined when it has no content, or only a change that is not carried. */
export function readCommunication(
  kinds: readonly RegisteredKind[],
  input: FhirInput,
  carried: readonly Link[],
  known: Links,
): ReadCommunication | undefined {
  return kinds
    .map((kind) => kind.readCommunication(input, carried, known))
    .find((read) => read !== undefined);
}
