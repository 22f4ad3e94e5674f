// The end of a poll, by who began it or who may redact the messages of others.
import type { FhirReference } from '../../domain/ids.ts';
import { readExtensibleText } from '../formatting/extensible-text.ts';
import { defineKind } from '../kind.ts';
import { endedPoll, pollLink } from '../polls/read-poll.ts';
import { createRecord, TARGET_MISSING } from '../record.ts';

type PollEnd =
  | { readonly what: 'end'; readonly result: string | undefined; readonly poll: FhirReference | undefined }
  | { readonly what: 'refused' };

/** The kind. What refers to a poll is awaited by the kind of its answers. */
export const pollEnd = defineKind<PollEnd>({
  name: 'poll-end',
  page: {
    matrix: '`m.poll.end`, `org.matrix.msc3381.poll.end`',
    fhir: '`payload.contentString`, tagged as the end of a poll, `inResponseTo` the poll; from FHIR it is text',
    kept: 'the result in the words of the client that ended it',
    lost: 'the count of votes: the answers are recorded one by one; an end by others, which clients do not show either',
  },
  fromMatrix: ({ event, mayRedact }, known) => {
    const target = endedPoll(event);
    if (target === undefined) return undefined;
    const poll = pollLink(target, known);
    if (poll !== undefined && poll.sender !== event.sender && !mayRedact) return { what: 'refused' };
    return { what: 'end', result: readExtensibleText(event.content), poll: poll?.communication };
  },
  toFhir: (message, context) => {
    if (message.what === 'refused') return [];
    const { result, poll } = message;
    const payload = [{ contentString: context.options.texts.records.pollEnd(result) }];
    const tag = poll === undefined ? { tag: TARGET_MISSING } : {};
    return [createRecord(context, { payload, kind: 'poll-end', inResponseTo: poll, ...tag })];
  },
  fromFhir: () => undefined,
  toMatrix: () => [],
  ignored: ({ what }) => (what === 'refused' ? 'not-the-author' : undefined),
});
