// What records say in place of what is no text.

/** A poll, before its question. */
export const pollQuestion = (question: string): string => `[Poll] ${question}`;

/** An answer to a poll. */
export const pollAnswer = (answers: readonly string[]): string =>
  answers.length === 0 ? '[Took back the answer to the poll]' : `[Answer to the poll] ${answers.join('; ')}`;

/** An answer that is not among those of the poll, or whose poll is not recorded. */
export const UNKNOWN_ANSWER = 'an answer that is not recorded';

/** The end of a poll, before the result as the client of who ended it wrote it. */
export const pollEnd = (result: string | undefined): string =>
  result === undefined ? '[End of the poll]' : `[End of the poll] ${result}`;

/** A sticker, by its description. */
export const sticker = (description: string): string => `[Sticker] ${description}`;

/** A call that rang, or was to ring. */
export const CALL = '[Tried to call]';

/** A message that the bridge has no key for. */
export const ENCRYPTED = '[An encrypted message, which cannot be read here]';

/** A message of a type that no kind carries. */
export const unsupportedMessage = (type: string): string =>
  `[A Matrix message of a kind that cannot be recorded here: ${type}]`;
