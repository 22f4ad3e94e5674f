// Several directories as one: order, failures, deadlines, ambiguity.
import { describe, expect, test } from 'vitest';
import type { Asked } from '../../../src/identity/directories/chain.ts';
import { createDirectoryChain } from '../../../src/identity/directories/chain.ts';
import type {
  Directory,
  DirectoryEntry,
  Medium,
  Resolution,
} from '../../../src/identity/directories/directory.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { describeError } from '../../../src/telemetry/logger.ts';
import { recordingLog } from '../../builders/log.ts';
import { userId } from '../../builders/matrix.ts';
import { threepid } from './identity-database.ts';

const signal = new AbortController().signal;
const found = (id: string): Resolution => ({ kind: 'found', userId: userId(id) });
const unknown: Resolution = { kind: 'unknown' };
const ambiguous: Resolution = { kind: 'ambiguous' };
const never = (): Promise<never> => new Promise(() => undefined);
const down = (): never => {
  throw new BridgeError('directory-unavailable', 'mcsd resolve: 503');
};

type Behaviour = Resolution | (() => Resolution | Promise<Resolution>);

interface Options {
  readonly agreement?: 'first' | 'all';
  readonly media?: readonly Medium[];
  readonly budgetMs?: number;
  readonly timeoutMs?: number;
}

/** A chain of directories called a, b, c …; each answers as told. */
function chainOf(behaviours: readonly (Behaviour | Partial<Directory>)[], options: Options = {}) {
  const { agreement = 'first', media = ['email', 'uzi_nr'], budgetMs = 2000, timeoutMs = 1000 } = options;
  const seen: string[] = [];
  const log = recordingLog();
  const directories = behaviours.map((behaviour, index): Directory => {
    const name = 'abc'.charAt(index);
    const resolve = (): Promise<Resolution> =>
      Promise.resolve().then(() =>
        typeof behaviour === 'function' ? behaviour() : 'kind' in behaviour ? behaviour : unknown,
      );
    return {
      name,
      resolve,
      search: () => Promise.resolve([]),
      ...(typeof behaviour === 'object' && !('kind' in behaviour) && behaviour),
    };
  });
  const chain = createDirectoryChain({
    links: directories.map((directory) => ({ directory, timeoutMs })),
    budgetMs,
    agreement,
    media,
    log,
    observe: (directory: string, asked: Asked) => seen.push(`${directory} ${asked}`),
  });
  return { chain, seen, log, resolve: (text = 'email an@hs.nl') => chain.resolve(threepid(text), signal) };
}

describe('resolving', () => {
  test('the first that knows decides; the others are not asked', async () => {
    const { resolve, seen } = chainOf([unknown, found('@an:hs.nl'), found('@bo:hs.nl')]);
    expect(await resolve()).toEqual(found('@an:hs.nl'));
    expect(seen).toEqual(['a unknown', 'b found']);
  });

  test('nobody knows', async () => {
    expect(await chainOf([unknown, unknown]).resolve()).toEqual(unknown);
  });

  test('ambiguous in one is ambiguous', async () => {
    expect(await chainOf([unknown, ambiguous, found('@an:hs.nl')]).resolve()).toEqual(ambiguous);
  });

  test('where all have to agree, two that differ are ambiguous', async () => {
    const all = { agreement: 'all' } as const;
    expect(await chainOf([found('@an:hs.nl'), found('@bo:hs.nl')], all).resolve()).toEqual(ambiguous);
    expect(await chainOf([found('@an:hs.nl'), unknown, found('@an:hs.nl')], all).resolve()).toEqual(
      found('@an:hs.nl'),
    );
    await expect(chainOf([found('@an:hs.nl'), down], all).resolve()).rejects.toThrow('directory-unavailable');
  });

  test('media that belong to many find nobody unless wanted', async () => {
    const { resolve, seen } = chainOf([found('@an:hs.nl')]);
    expect(await resolve('ura_nr 90000001')).toEqual(unknown);
    expect(seen).toEqual([]);
    const wanted = chainOf([found('@an:hs.nl')], { media: ['ura_nr'] });
    expect(await wanted.resolve('ura_nr 90000001')).toEqual(found('@an:hs.nl'));
  });
});

describe('a directory that fails', () => {
  test('is passed over when another knows', async () => {
    const { resolve, seen, log } = chainOf([down, found('@an:hs.nl')]);
    expect(await resolve()).toEqual(found('@an:hs.nl'));
    expect(seen).toEqual(['a failed', 'b found']);
    expect(log.lines).toMatchObject([
      { level: 'warn', fields: { directory: 'a' }, message: 'A directory failed' },
    ]);
    expect(describeError(log.lines[0]?.fields['error'])).toMatchObject({
      code: 'directory-unavailable',
      message: 'directory-unavailable: mcsd resolve: 503',
    });
  });

  test('might have known: that no other did is no "unknown"', async () => {
    const failure = await chainOf([down, unknown])
      .resolve()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'directory-unavailable' });
    expect(String(failure)).not.toContain('an@hs.nl');
  });

  test('is not asked again for a while after five failures in a row', async () => {
    const { resolve, seen } = chainOf([down, found('@an:hs.nl')]);
    for (let n = 0; n < 6; n += 1) await resolve();
    expect(seen.filter((line) => line === 'a failed')).toHaveLength(5);
    expect(seen.filter((line) => line === 'a skipped')).toHaveLength(1);
  });

  test('is one that does not answer in its time, even when it ignores the signal', async () => {
    const { resolve, seen } = chainOf([never, found('@an:hs.nl')], { timeoutMs: 20 });
    expect(await resolve()).toEqual(found('@an:hs.nl'));
    expect(seen).toEqual(['a failed', 'b found']);
  });

  test('by a fault of the code is told by its name and place, not by its words', async () => {
    const { resolve, log } = chainOf([
      () => {
        throw new TypeError('cannot read an@hs.nl');
      },
    ]);
    await expect(resolve()).rejects.toThrow('directory-unavailable');
    const printed = describeError(log.lines[0]?.fields['error']);
    expect(printed).toMatchObject({ name: 'TypeError', message: undefined });
    expect(printed['frames']).toContainEqual(expect.stringContaining('chain.test.ts'));
  });
});

describe('the time of all', () => {
  test('ends the question, and is held against nobody', async () => {
    const { resolve, seen } = chainOf([never, found('@an:hs.nl')], { timeoutMs: 5000, budgetMs: 20 });
    await expect(resolve()).rejects.toThrow('directory-unavailable');
    expect(seen).toEqual([]);
  });
});

describe('searching', () => {
  const entry = (id: string, displayName: string): DirectoryEntry => ({
    userId: userId(id),
    displayName,
    threepids: [],
    reference: undefined,
  });

  test('puts together what all find, each user once by the first one’s word', async () => {
    const { chain } = chainOf([
      { search: () => Promise.resolve([entry('@an:hs.nl', 'An Jansen')]) },
      { search: down },
      { search: () => Promise.resolve([entry('@an:hs.nl', 'Jansen'), entry('@bo:hs.nl', 'Bo Jansen')]) },
    ]);
    expect(await chain.search('jansen', 5, signal)).toEqual([
      entry('@an:hs.nl', 'An Jansen'),
      entry('@bo:hs.nl', 'Bo Jansen'),
    ]);
    expect(await chain.search('jansen', 1, signal)).toHaveLength(1);
  });

  test('fails only when all fail', async () => {
    const { chain } = chainOf([{ search: down }, { search: down }]);
    await expect(chain.search('jansen', 5, signal)).rejects.toThrow('directory-unavailable');
  });

  test('describing and logging in ask those that can', async () => {
    const an = entry('@an:hs.nl', 'An');
    const { chain, seen } = chainOf([
      {},
      { describe: () => Promise.resolve(an), authenticate: () => Promise.resolve(an) },
    ]);
    expect(await chain.describe?.(userId('@an:hs.nl'), signal)).toBe(an);
    expect(await chain.authenticate?.('an', 'secret', signal)).toBe(an);
    expect(seen).toEqual(['b found', 'b found']);
    expect(await chainOf([{}]).chain.authenticate?.('an', 'secret', signal)).toBeUndefined();
  });
});
