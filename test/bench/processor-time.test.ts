// The time of the processor is read from the right fields, whatever a process is called.
import { expect, test } from 'vitest';
import { usageIn } from '../../bench/processor-time.ts';

const AFTER_THE_NAME = 'S 7 42 42 0 -1 4194560 1000 0 0 0 12 3 40 5 20 0 4 0 1234 5678 910';

test.each(['node', 'tmux: server', 'a) b (c', ')'])('of a process named %s', (name) => {
  expect(usageIn(`42 (${name}) ${AFTER_THE_NAME}\n`)).toEqual({ parent: 7, ownMs: 150, childrenMs: 450 });
});
