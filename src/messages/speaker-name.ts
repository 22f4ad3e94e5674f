// The name that a Communication gives for its sender, as it may stand before a message.
import type { Communication } from '../domain/fhir.ts';

/** The longest name, in characters. */
const LONGEST_NAME = 80;

/** The name in `sender.display` on one line; undefined where there is none. */
export function displayedSender({ sender }: Pick<Communication, 'sender'>): string | undefined {
  // Controls, and marks that change the direction of the text that follows.
  const name = sender?.display?.replace(/[\p{C}\s]+/gu, ' ').trim() ?? '';
  return name === '' ? undefined : Array.from(name).slice(0, LONGEST_NAME).join('');
}
