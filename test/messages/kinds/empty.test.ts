// Texts that show nothing: no empty record, and their sender is told.
import { describe, expect, test } from 'vitest';
import { communication } from '../../builders/fhir.ts';
import { fromMatrix, knowing, link } from '../../builders/messages.ts';

describe.each(['m.text', 'm.emote', 'm.notice'])('%s', (msgtype) => {
  test.each(['', ' ', '\n\t ', '\u00A0\u3000', '\u200B\u2060\uFEFF', '\u202E', '\0', '\u3164'])(
    '%j',
    (body) => {
      expect(fromMatrix({ content: { msgtype, body } })).toEqual({
        ...{ kind: 'empty', writes: [], notices: ['empty-message'] },
      });
    },
  );

  test('with HTML that shows nothing', () => {
    const content = {
      msgtype,
      body: ' ',
      format: 'org.matrix.custom.html',
      formatted_body: '<b> </b><script>x</script>',
    };
    expect(fromMatrix({ content })).toMatchObject({ kind: 'empty', writes: [] });
  });
});

test('an edit into nothing retracts the message', () => {
  const content = {
    ...{ msgtype: 'm.text', body: '* ' },
    'm.new_content': { msgtype: 'm.text', body: ' ' },
    'm.relates_to': { rel_type: 'm.replace', event_id: '$target' },
  };
  const [write, ...others] = fromMatrix({ content }, {}, knowing(link()))?.writes ?? [];
  expect(others).toEqual([]);
  if (write?.kind !== 'change') throw new TypeError('Expected a change');
  expect(write.apply(communication())).toMatchObject({ status: 'entered-in-error' });
});
