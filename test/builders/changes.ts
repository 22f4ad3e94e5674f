// Events that change a message or refer to it, by literal content.
import { message } from './matrix.ts';

const TARGET = message().event_id;

/** An edit by the nurse. @param at milliseconds after the message */
export const edit = (id: string, body: string, at: number, target: string = TARGET) => ({
  ...{ event_id: id, origin_server_ts: message().origin_server_ts + at },
  content: {
    ...{ msgtype: 'm.text', body: `* ${body}`, 'm.new_content': { msgtype: 'm.text', body } },
    'm.relates_to': { rel_type: 'm.replace', event_id: target },
  },
});

/** A redaction by the nurse; `over` names what the test is about. */
export const redaction = (id: string, target: string, over: object = {}) => ({
  ...{ event_id: id, type: 'm.room.redaction', content: { redacts: target } },
  ...over,
});

/** A reaction by the nurse. */
export const reaction = (id: string, target: string = TARGET) => ({
  ...{ event_id: id, type: 'm.reaction' },
  content: { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key: '👍' } },
});
