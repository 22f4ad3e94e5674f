// Polls, their answers and their ends, with literal examples as clients send them today and as the proposal is now.
import { describe, expect, test } from 'vitest';
import { eventId, userId } from '../../builders/matrix.ts';
import { ref } from '../../builders/fhir.ts';
import { created, fromFhir, fromMatrix, knowing, link } from '../../builders/messages.ts';

const tag = (code: string) => ({
  system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/message-kind',
  code,
});
const MISSING = {
  system: 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/record',
  code: 'target-missing',
  display: 'The message it refers to was not found',
};

/** As Element sends it. */
const START = {
  type: 'org.matrix.msc3381.poll.start',
  content: {
    'org.matrix.msc1767.text': 'Which day?\n1. Monday\n2. Tuesday',
    'org.matrix.msc3381.poll.start': {
      kind: 'org.matrix.msc3381.poll.disclosed',
      max_selections: 1,
      question: { 'org.matrix.msc1767.text': 'Which day?', body: 'Which day?', msgtype: 'm.text' },
      answers: [
        { id: 'aXz 1', 'org.matrix.msc1767.text': 'Monday' },
        { id: 'b', 'org.matrix.msc1767.text': 'Tuesday' },
      ],
    },
  },
};
/** As the proposal is now. */
const STABLE = {
  type: 'm.poll.start',
  content: {
    'm.text': [{ mimetype: 'text/plain', body: 'Which day?\n1. Monday\n2. Tuesday' }],
    'm.poll': {
      kind: 'm.disclosed',
      max_selections: 1,
      question: { 'm.text': [{ mimetype: 'text/html', body: '<b>x</b>' }, { body: 'Which day?' }] },
      answers: [
        { 'm.id': 'aXz 1', 'm.text': [{ body: 'Monday' }] },
        { 'm.id': 'b', 'm.text': [{ body: 'Tuesday' }] },
      ],
    },
  },
};
const RECORDED = ['[Poll] Which day?', '1. Monday', '2. Tuesday'];

describe('from Matrix: the question and the answers are recorded, and tagged', () => {
  test.each([
    ['as clients send it', START],
    ['as the proposal is now', STABLE],
    [
      'as the proposal was first',
      { type: 'm.poll.start', content: { 'm.poll.start': START.content['org.matrix.msc3381.poll.start'] } },
    ],
  ])('%s', (_, over) => {
    const read = fromMatrix(over);
    expect(read).toMatchObject({ kind: 'poll', notices: [] });
    const record = created(read?.writes);
    expect(record.meta?.tag).toEqual([tag('poll')]);
    expect(record.payload?.map(({ contentString }) => contentString)).toEqual(RECORDED);
    for (const { id } of record.payload?.slice(1) ?? []) expect(id).toMatch(/^answer-[0-9a-f]{32}$/);
  });

  test('of more than 20 answers the first 20', () => {
    const answers = Array.from({ length: 50 }, (_, n) => ({ 'm.id': String(n), 'm.text': String(n) }));
    const read = fromMatrix({
      type: 'm.poll.start',
      content: { 'm.poll': { question: { body: 'q' }, answers } },
    });
    expect(created(read?.writes).payload).toHaveLength(21);
  });
});

describe('from Matrix: what is no poll makes a message whose content was lost, with the text that clients show', () => {
  const { question, answers } = STABLE.content['m.poll'];
  test.each([
    ['nothing', undefined],
    ['a text', 'poll'],
    ['a poll without a question', { answers }],
    ['a question without a text', { question: {}, answers }],
    ['a question that is a text', { question: 'q', answers }],
    ['a poll without answers', { question, answers: [] }],
    ['answers that are no list', { question, answers: {} }],
    ['an answer without id', { question, answers: [{ 'm.text': 'a' }] }],
    ['an answer without text', { question, answers: [{ 'm.id': 'a' }] }],
    ['an answer that shows nothing', { question, answers: [{ 'm.id': 'a', 'm.text': '\u200B' }] }],
    ['an answer that is no object', { question, answers: ['a'] }],
  ])('%s', (_, poll) => {
    const read = fromMatrix({ type: 'm.poll.start', content: { 'm.text': 'Which day?', 'm.poll': poll } });
    expect(read).toMatchObject({ kind: 'unsupported', notices: ['unsupported-content'] });
    expect(created(read?.writes).payload).toEqual([
      {
        contentString: '[A Matrix message of a kind that cannot be recorded here: m.poll.start]\nWhich day?',
      },
    ]);
  });
});

const POLL = eventId('$poll');
const known = knowing(
  link({
    eventId: POLL,
    kind: 'poll',
    communication: ref('Communication/poll'),
    sender: userId('@nurse:example.org'),
  }),
);
const relation = { 'm.relates_to': { rel_type: 'm.reference', event_id: POLL } };
const poll = () => created(fromMatrix(START)?.writes);
const IN_RESPONSE_TO = [{ reference: 'Communication/poll', type: 'Communication' }];

describe('from Matrix: an answer is recorded in the words of the poll', () => {
  const answer = (ids: unknown) => ({
    type: 'org.matrix.msc3381.poll.response',
    content: { ...relation, 'org.matrix.msc3381.poll.response': { answers: ids } },
  });
  test.each([
    ['one', answer(['b']), '[Answer to the poll] 2. Tuesday'],
    ['several', answer(['b', 'aXz 1']), '[Answer to the poll] 2. Tuesday; 1. Monday'],
    [
      'one that the poll does not have',
      answer(['forged']),
      '[Answer to the poll] an answer that is not recorded',
    ],
    ['one taken back', answer([]), '[Took back the answer to the poll]'],
    [
      'one as the proposal is now',
      { type: 'm.poll.response', content: { ...relation, 'm.selections': ['aXz 1'] } },
      '[Answer to the poll] 1. Monday',
    ],
  ])('%s', (_, over, contentString) => {
    const read = fromMatrix(over, {}, known);
    expect(read).toMatchObject({ kind: 'poll-answer', notices: [] });
    expect(created(read?.writes)).toMatchObject({
      meta: { tag: [tag('poll-answer')] },
      inResponseTo: IN_RESPONSE_TO,
    });
    const [write] = read?.writes ?? [];
    const quotes = write?.kind === 'create' ? write.quotes : undefined;
    expect(quotes?.reference).toBe('Communication/poll');
    expect(quotes?.payload(poll())).toEqual([{ contentString }]);
  });

  test.each([
    ['a poll that is not recorded', knowing()],
    ['a message that is no poll', knowing(link({ eventId: POLL, kind: 'text' }))],
  ])('to %s it is marked', (_, links) => {
    const [write] = fromMatrix(answer(['b']), {}, links)?.writes ?? [];
    expect(write).not.toHaveProperty('quotes');
    expect(write?.kind === 'create' && write.communication).toMatchObject({
      meta: { tag: [MISSING, tag('poll-answer')] },
      payload: [{ contentString: '[Answer to the poll] an answer that is not recorded' }],
    });
    expect(write?.kind === 'create' && write.communication).not.toHaveProperty('inResponseTo');
  });

  test.each([
    ['of ids that are none', answer([7])],
    ['that is no list', answer('b')],
    ['without a relation', { type: 'm.poll.response', content: { 'm.selections': ['b'] } }],
    [
      'with a relation to no event',
      {
        type: 'm.poll.response',
        content: { 'm.selections': ['b'], 'm.relates_to': { rel_type: 'm.reference', event_id: 'x' } },
      },
    ],
  ])('%s makes a message whose content was lost', (_, over) => {
    expect(fromMatrix(over, {}, known)).toMatchObject({
      kind: 'unsupported',
      notices: ['unsupported-content'],
    });
  });
});

describe('from Matrix: the end of a poll is recorded with its result', () => {
  const end = {
    type: 'org.matrix.msc3381.poll.end',
    content: {
      ...relation,
      'org.matrix.msc3381.poll.end': {},
      'org.matrix.msc1767.text': 'The poll has ended. Top answer: Tuesday',
    },
  };

  test.each([
    ['by who began it', {}, {}, '[End of the poll] The poll has ended. Top answer: Tuesday'],
    [
      'by who may redact',
      { sender: '@lead:example.org' },
      { mayRedact: true },
      '[End of the poll] The poll has ended. Top answer: Tuesday',
    ],
    ['without a text', { content: relation }, {}, '[End of the poll]'],
    [
      'as the proposal is now',
      { type: 'm.poll.end', content: { ...relation, 'm.text': [{ body: 'Tuesday' }] } },
      {},
      '[End of the poll] Tuesday',
    ],
  ])('%s', (_, over, readings, contentString) => {
    const read = fromMatrix({ ...end, ...over }, {}, known, readings);
    expect(read).toMatchObject({ kind: 'poll-end', notices: [] });
    expect(created(read?.writes)).toMatchObject({
      meta: { tag: [tag('poll-end')] },
      inResponseTo: IN_RESPONSE_TO,
      payload: [{ contentString }],
    });
  });

  test('by another it is refused, as clients do', () => {
    expect(fromMatrix({ ...end, sender: '@other:example.org' }, {}, known)).toMatchObject({
      ...{ kind: 'poll-end', writes: [], ignored: 'not-the-author' },
    });
  });

  test('of a poll that is not recorded it is marked', () => {
    expect(created(fromMatrix(end)?.writes).meta?.tag).toEqual([MISSING, tag('poll-end')]);
  });
});

test('from Matrix: a poll that its author changes is a new version of its record', () => {
  const { 'm.text': text, ...poll } = STABLE.content;
  const content = {
    ...START.content,
    'm.new_content': { 'm.text': text, ...poll },
    'm.relates_to': { rel_type: 'm.replace', event_id: POLL },
  };
  const read = fromMatrix({ ...START, content }, {}, known);
  expect(read).toMatchObject({
    kind: 'edit',
    writes: [{ kind: 'change', reference: 'Communication/poll', target: POLL }],
  });
});

test('from FHIR: a poll is text', () => {
  const payload = poll().payload;
  expect(fromFhir({ meta: { tag: [tag('poll')] }, payload })).toEqual({
    kind: 'text',
    sends: [
      {
        kind: 'send',
        type: 'm.room.message',
        content: { msgtype: 'm.text', body: '[Poll] Which day?\n1. Monday\n2. Tuesday' },
      },
    ],
  });
});
