// Texts that show nothing: no empty record, and their sender is told.
import { describe, expect, test } from 'vitest';
import { fromMatrix } from '../../builders/messages.ts';

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
