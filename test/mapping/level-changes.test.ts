// What an event of power levels changes.
import { expect, test } from 'vitest';
import { levelsChanged, type Levels } from '../../src/mapping/level-changes.ts';

test.each<[string, Levels, Levels, readonly object[]]>([
  [
    'a user is raised',
    { users: { '@a:h': 50 } },
    { users: { '@a:h': 100 } },
    [{ userId: '@a:h', formerLevel: 50, level: 100 }],
  ],
  [
    'a user is listed with the default',
    { users_default: 25 },
    { users_default: 25, users: { '@a:h': 25 } },
    [],
  ],
  [
    'a user is listed no more',
    { users_default: 25, users: { '@a:h': 75 } },
    { users_default: 25, users: {} },
    [{ userId: '@a:h', formerLevel: 75, level: 25 }],
  ],
  [
    'what is no level counts as none',
    { users: { '@a:h': 'many' }, users_default: null },
    { users: { '@a:h': 1 } },
    [{ userId: '@a:h', formerLevel: 0, level: 1 }],
  ],
  ['what is no list of users counts as none', { users: null }, { users: 'all' }, []],
])('%s', (_, before, after, expected) => {
  expect(levelsChanged(after, before)).toEqual(expected);
});
