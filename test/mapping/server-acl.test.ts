// Which homeservers a room lets in, as m.room.server_acl says it.
import { describe, expect, test } from 'vitest';
import { isBlank } from '../../src/mapping/desired-room.ts';
import { letsAllIn, serverAcl, serversOfRoom } from '../../src/mapping/server-acl.ts';
import { membership } from '../builders/actual-room.ts';
import { member } from '../builders/desired-room.ts';
import { userId } from '../builders/matrix.ts';

describe('the list', () => {
  test.each<[readonly string[], readonly string[], boolean]>([
    [['b.example', 'a.example'], ['a.example', 'b.example'], false],
    [['a.example:8448', 'a.example:443'], ['a.example', 'a.example:443', 'a.example:8448'], false],
    [['10.0.0.1:8448'], ['10.0.0.1', '10.0.0.1:8448'], true],
    [['[2001:db8::1]'], ['[2001:db8::1]'], true],
    [['[2001:db8::1]:8448'], ['[2001:db8::1]', '[2001:db8::1]:8448'], true],
    [['10.0.0.example'], ['10.0.0.example'], false],
    [['*.example', 'a?.example', 'a.example'], ['a.example'], false],
  ])('of %j is %j', (servers, allow, literals) => {
    expect(serverAcl(new Set(servers))).toEqual({ allow, allow_ip_literals: literals, deny: [] });
  });

  test.each<[Record<string, unknown>, boolean]>([
    [{ ...serverAcl('all') }, true],
    [{ allow: ['*'] }, true],
    [{ allow: ['a.example', '*'], deny: [] }, true],
    [{ allow: ['*'], deny: ['evil.example'] }, false],
    [{ allow: ['*'], allow_ip_literals: false }, false],
    [{ allow: ['a.example'] }, false],
    [{}, false],
  ])('%j lets all in: %s', (content, expected) => {
    expect(letsAllIn(content)).toBe(expected);
    expect(isBlank({ type: 'm.room.server_acl', content })).toBe(expected);
  });
});

test('the servers of a room are the trusted ones, and those of the members; of former accounts as long as they are there', () => {
  const members = [
    member('@doctor:far.example', {
      formerUserIds: [userId('@doctor:old.example'), userId('@doctor:older.example')],
    }),
  ];
  const actual = [membership('@doctor:old.example', 'join'), membership('@doctor:older.example', 'leave')];
  expect(serversOfRoom(new Set(['example.org']), members, actual)).toEqual(
    new Set(['example.org', 'far.example', 'old.example']),
  );
});
