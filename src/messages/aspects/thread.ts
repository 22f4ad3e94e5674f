// A thread: `m.thread` and `Communication.inResponseTo` of its first message.
import { relationsOf } from '../relations.ts';
import type { Aspect } from './aspect.ts';
import { answeredIn, inResponseTo, messageOf } from './reply.ts';

/** The aspect. https://spec.matrix.org/v1.19/client-server-api/#threading */
export const thread: Aspect = {
  name: 'thread',
  page: {
    matrix: '`m.thread`',
    fhir: '`inResponseTo` the first message of the thread',
    kept: 'which thread; an answer from FHIR to a message in a thread stands in that thread',
    lost: 'as of a reply',
  },
  refs: (input) => {
    const root = 'event' in input ? relationsOf(input.event.content).threadRoot : undefined;
    return root === undefined ? [] : [root];
  },
  toFhir: ({ event }, known) => inResponseTo(relationsOf(event.content).threadRoot, known),
  toMatrix: (input, known, { options }) => {
    const target = answeredIn(input);
    const answered = target === undefined ? undefined : messageOf(target, known);
    const root = answered?.threadRoot ?? (options.threads === 'on' ? answered?.eventId : undefined);
    if (root === undefined) return {};
    // Clients without threads show the answered message, so it is a reply as well.
    return { 'm.relates_to': { rel_type: 'm.thread', event_id: root, is_falling_back: false } };
  },
};
