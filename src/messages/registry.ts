// The kinds of messages that the bridge carries, and what messages of any kind may carry beside. To add one: a file in
// `kinds/` or `aspects/`, a table of literal examples, a line here.
import type { Aspect } from './aspects/aspect.ts';
import { attribution } from './aspects/attribution.ts';
import { mention } from './aspects/mention.ts';
import { reply } from './aspects/reply.ts';
import { thread } from './aspects/thread.ts';
import { NOTHING_KNOWN, type ContentReader, type RegisteredKind } from './kind.ts';
import { call } from './kinds/call.ts';
import { editKind } from './kinds/edit.ts';
import { emote } from './kinds/emote.ts';
import { empty } from './kinds/empty.ts';
import { fileKind } from './kinds/file.ts';
import { location } from './kinds/location.ts';
import { notice } from './kinds/notice.ts';
import { poll } from './kinds/poll.ts';
import { pollAnswer } from './kinds/poll-answer.ts';
import { pollEnd } from './kinds/poll-end.ts';
import { reaction } from './kinds/reaction.ts';
import { removed } from './kinds/removed.ts';
import { retraction } from './kinds/retraction.ts';
import { sticker } from './kinds/sticker.ts';
import { text } from './kinds/text.ts';
import { unsupported } from './kinds/unsupported.ts';
import { readCommunication, readEvent } from './read.ts';

const readingAs = (kinds: readonly RegisteredKind[], aspects: readonly Aspect[]): ContentReader => ({
  readEvent: (input) => readEvent({ kinds, aspects }, input, NOTHING_KNOWN),
  readCommunication: (input) => readCommunication({ kinds, aspects }, input, [], NOTHING_KNOWN),
});

const WITHOUT_FILES: readonly RegisteredKind[] = [
  ...[emote, notice, location, text, empty],
  ...[poll, pollAnswer, pollEnd, sticker, call],
  unsupported,
];

/** The kinds of new messages; the first that can read one has it. */
const MESSAGES: readonly RegisteredKind[] = [fileKind(readingAs(WITHOUT_FILES, [])), ...WITHOUT_FILES];

/** An edit says again whom it mentions, and never what it answers. */
const edit = editKind(readingAs(MESSAGES, [mention]));

/** All kinds; the first that can read a message has it. */
export const KINDS: readonly RegisteredKind[] = [edit, reaction, retraction, removed, ...MESSAGES];

/** What messages of any kind may carry beside their content. */
export const ASPECTS: readonly Aspect[] = [reply, thread, mention, attribution];
