// Which statements the driver prepares: those with values that run often, under names that no two texts share.
import { expect, test } from 'vitest';
import { createNaming } from '../../src/store/prepared-statements.ts';

const SQL = 'select $1::int';
const nameIn = ([config]: readonly unknown[]): unknown =>
  typeof config === 'object' && config !== null && 'name' in config ? config.name : undefined;

function thirdRun(named: ReturnType<typeof createNaming>, text: string): readonly unknown[] {
  named([text, [1]]);
  named([text, [1]]);
  return named([text, [1]]);
}

test('a statement with values has a name from its third run on, and keeps its other arguments', () => {
  const named = createNaming();
  const callback = (): void => undefined;
  expect(named([SQL, [1], callback])).toEqual([SQL, [1], callback]);
  expect(named([SQL, [2], callback])).toEqual([SQL, [2], callback]);
  const [config, ...rest] = named([SQL, [3], callback]);
  expect(config).toEqual({ name: expect.any(String) as string, text: SQL, values: [3] });
  expect(rest).toEqual([callback]);
});

test('a name is that of a text alone, and no longer than PostgreSQL keeps', () => {
  const named = createNaming();
  const name = nameIn(thirdRun(named, SQL));
  expect(nameIn(thirdRun(createNaming(), SQL))).toBe(name);
  expect(nameIn(thirdRun(named, `${SQL} `))).not.toBe(name);
  expect(String(name).length).toBeLessThan(64);
});

test.each([
  ['has no values, and may be several in one', ['begin; set local x = 1']],
  ['has an empty list of values', ['select 1', []]],
  ['is given as an object, such as one with a name of its own', [{ name: 'own', text: SQL, values: [1] }]],
])('a statement is left alone that %s', (_, args) => {
  const named = createNaming();
  for (let run = 0; run < 5; run += 1) expect(named(args)).toBe(args);
});

test('texts that are made anew each time do not fill the memory of a connection', () => {
  const named = createNaming(2);
  for (const text of ['a', 'b', 'c']) thirdRun(named, text);
  expect(nameIn(named(['b', [1]]))).toEqual(expect.any(String));
  expect(nameIn(named(['c', [1]]))).toBeUndefined();
});
