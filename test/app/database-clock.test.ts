// The clock that all replicas share: set by the database, steady whatever the machine's clock does.
import { expect, test } from 'vitest';
import { createDatabaseClock } from '../../src/app/database-clock.ts';

/** A machine whose clock can be set, and says the year 2020 at first. */
function createMachine() {
  const machine = { wallMs: Date.parse('2020-01-01T00:00:00Z'), monotonicMs: 1_000 };
  const clock = createDatabaseClock({
    now: () => new Date(machine.wallMs),
    monotonicMs: () => machine.monotonicMs,
  });
  return { machine, clock };
}

const at = (time: string): Date => new Date(`2026-11-30T${time}Z`);

test('it is the time of the machine until the database told its own', () => {
  expect(createMachine().clock.now().toISOString()).toBe('2020-01-01T00:00:00.000Z');
});

test('it is the time of the database from then on, however the clock of the machine steps', () => {
  const { machine, clock } = createMachine();
  clock.set({ now: at('12:00:00.000'), askedAtMs: 900, answeredAtMs: 1_000 });
  machine.wallMs -= 600_000;
  machine.monotonicMs = 6_950;
  expect(clock.now()).toEqual(at('12:00:06.000'));
});

test('a vague answer is good where there was none before, and no other', () => {
  const { machine, clock } = createMachine();
  machine.monotonicMs = 3_000;
  clock.set({ now: at('12:00:00.000'), askedAtMs: 1_000, answeredAtMs: 3_000 });
  expect(clock.now()).toEqual(at('12:00:01.000'));
  machine.monotonicMs = 6_000;
  clock.set({ now: at('12:00:02.000'), askedAtMs: 4_000, answeredAtMs: 6_000 });
  expect(clock.now()).toEqual(at('12:00:04.000'));
});
