// The messages of the benchmark: the texts of one run, who says them in which room, and how they are known again.
import type { Said } from '../judge.ts';

/** Which way a message goes. */
export type Direction = 'matrix-to-fhir' | 'fhir-to-matrix';

/** A message that is to be said. */
export interface Message {
  readonly direction: Direction;
  /** Which of the rooms. */
  readonly room: number;
  readonly token: string;
  readonly text: string;
}

const LETTER: Readonly<Record<Direction, string>> = { 'matrix-to-fhir': 'u', 'fhir-to-matrix': 'p' };
/** As long as people write in a chat. */
const REST = 'She had a good night, and would like to go outside when the weather allows it.';
const TEXT = /^(\[(\d+)([up])-\d+\]) /;

/** Makes the messages of a run one way, the rooms in turn. @param run no other run has this number */
export function makeMessages(
  run: number,
  direction: Direction,
  count: number,
  rooms: number,
): readonly Message[] {
  return Array.from({ length: count }, (_, index) => {
    const token = `[${run}${LETTER[direction]}-${index}]`;
    return { direction, room: index % rooms, token, text: `${token} ${REST}` };
  });
}

/** The token of a message of a run, from the text that came out; undefined of any other text. */
export function tokenIn(text: unknown, run: number, direction: Direction): string | undefined {
  const [, token, ofRun, letter] = TEXT.exec(typeof text === 'string' ? text : '') ?? [];
  return Number(ofRun) === run && letter === LETTER[direction] ? token : undefined;
}

/** A message that was said. @param atMs when the server had answered who said it, by the clock of the machine */
export function saidAt({ room, token, text }: Message, atMs: number): Said {
  return { stream: String(room), token, text, atMs };
}
