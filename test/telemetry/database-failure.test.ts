// Which errors say that the database is away, and which that the bridge asked it for something wrong.
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { isDatabaseAway } from '../../src/telemetry/database-failure.ts';

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

describe('the database is away', () => {
  test.each([
    ...['08006', '40001', '40P01', '53100', '53300', '55P03', '57014', '57P01', '57P03', '58030', '25P03'],
    ...['25006', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND', 'EPIPE'],
  ])('by its code %s', (code) => {
    expect(isDatabaseAway(withCode(code))).toBe(true);
  });

  test.each([
    ...['Connection terminated unexpectedly', 'Query read timeout', 'timeout expired'],
    ...['Received unexpected parseComplete message from backend.'],
  ])('by what the driver says: %s', (message) => {
    expect(isDatabaseAway(new Error(message))).toBe(true);
  });

  test('when nothing listens where it should', async () => {
    const client = new pg.Client({ connectionString: 'postgres://x@127.0.0.1:1/x' });
    const error: unknown = await client.connect().catch((thrown: unknown) => thrown);
    expect(isDatabaseAway(error)).toBe(true);
  });
});

describe('the bridge asked for something wrong', () => {
  test.each(['22P02', '22021', '23505', '42601', '42P01', 'XX000', 'ERR_X', ''])('by its code %s', (code) => {
    expect(isDatabaseAway(withCode(code))).toBe(false);
  });

  test.each([
    ['a fault of the code', new TypeError('x')],
    ['what is no error', '57P01'],
    ['nothing', undefined],
  ])('%s', (_, thrown) => {
    expect(isDatabaseAway(thrown)).toBe(false);
  });
});
