// Several directories as one: asked in the configured order, within one time budget, each behind its own deadline and circuit breaker.
import type { MatrixUserId } from '../../domain/ids.ts';
import { createCircuit, isOpenCircuit } from '../../net/circuit.ts';
import { BridgeError } from '../../telemetry/errors.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Directory, DirectoryEntry, Medium, Resolution, Threepid } from './directory.ts';
import { within } from '../protection/deadline.ts';

/** What came of asking one directory, for metrics; `skipped` is one whose circuit is open. */
export type Asked = Resolution['kind'] | 'answered' | 'failed' | 'skipped';

/** A directory's place in the chain. */
interface Link {
  readonly directory: Directory;
  /** How long one question may take. */
  readonly timeoutMs: number;
}

interface Deps {
  readonly links: readonly Link[];
  /** How long all directories together may take. */
  readonly budgetMs: number;
  /** Whether the first that knows decides, or all that know have to say the same. */
  readonly agreement: 'first' | 'all';
  /** Media that find people. URA numbers and roles belong to many, so they are off unless the operator wants them. */
  readonly media: readonly Medium[];
  readonly observe: (directory: string, asked: Asked) => void;
  readonly log: Log;
}

/**
 * Creates the chain. A directory that fails is passed over; but as long as one has failed and no other knew, the answer is
 * no "unknown": it is `directory-unavailable`.
 */
export function createDirectoryChain(deps: Deps): Directory {
  const asked = deps.links.map((link) => createAsk(link, deps));
  const media = new Set<Medium>(deps.media);
  const firstEntry = (question: EntryQuestion, signal: AbortSignal) =>
    within(deps.budgetMs, (all) => firstEntryOf(asked, question, all), signal);

  return {
    name: 'chain',
    resolve: (threepid, signal) =>
      media.has(threepid.medium)
        ? within(deps.budgetMs, (all) => resolveInOrder(asked, deps.agreement, threepid, all), signal)
        : Promise.resolve({ kind: 'unknown' }),
    search: (term, limit, signal) =>
      within(deps.budgetMs, (all) => searchAll(asked, term, limit, all), signal),
    describe: (userId, signal) => firstEntry((directory, own) => directory.describe?.(userId, own), signal),
    authenticate: (login, password, signal) =>
      firstEntry((directory, own) => directory.authenticate?.(login, password, own), signal),
  };
}

/** Asks one directory. Its failure is an answer too, so that others can still be asked. */
type Ask = <Result>(
  question: (directory: Directory, signal: AbortSignal) => Promise<Result> | undefined,
  kindOf: (result: Result) => Asked,
  signal: AbortSignal,
) => Promise<{ readonly result: Result } | 'failed' | 'not asked'>;

function createAsk({ directory, timeoutMs }: Link, { observe, log }: Pick<Deps, 'observe' | 'log'>): Ask {
  const circuit = createCircuit((error) => error instanceof BridgeError);
  return async (question, kindOf, signal) => {
    signal.throwIfAborted();
    try {
      const result = await circuit.execute(() =>
        within(
          timeoutMs,
          async (own) => {
            const promise = question(directory, own);
            return promise === undefined ? undefined : { result: await promise };
          },
          signal,
        ),
      );
      if (result === undefined) return 'not asked';
      observe(directory.name, kindOf(result.result));
      return result;
    } catch (error) {
      // The caller has gone, or the time of all is over: that says nothing of this directory.
      signal.throwIfAborted();
      const isOpen = isOpenCircuit(error);
      observe(directory.name, isOpen ? 'skipped' : 'failed');
      if (!isOpen) log.warn({ directory: directory.name, error }, 'A directory failed');
      return 'failed';
    }
  };
}

async function resolveInOrder(
  asks: readonly Ask[],
  agreement: Deps['agreement'],
  threepid: Threepid,
  signal: AbortSignal,
): Promise<Resolution> {
  const found = new Set<MatrixUserId>();
  let failed = 0;
  for (const ask of asks) {
    const answer = await ask(
      (directory, own) => directory.resolve(threepid, own),
      ({ kind }) => kind,
      signal,
    );
    if (answer === 'failed') failed += 1;
    if (typeof answer === 'string') continue;
    if (answer.result.kind === 'ambiguous') return answer.result;
    if (answer.result.kind !== 'found') continue;
    if (agreement === 'first') return answer.result;
    found.add(answer.result.userId);
  }
  const [userId, other] = found;
  if (other !== undefined) return { kind: 'ambiguous' };
  if (failed > 0) throw unavailable(failed);
  return userId === undefined ? { kind: 'unknown' } : { kind: 'found', userId };
}

/** What all together find, each user once, as the first directory that found them says. Failed ones are missing from it. */
async function searchAll(
  asks: readonly Ask[],
  term: string,
  limit: number,
  signal: AbortSignal,
): Promise<readonly DirectoryEntry[]> {
  const answers = await Promise.all(
    asks.map((ask) =>
      ask(
        (directory, own) => directory.search(term, limit, own),
        () => 'answered',
        signal,
      ),
    ),
  );
  const failed = answers.filter((answer) => answer === 'failed').length;
  if (failed > 0 && failed === answers.length) throw unavailable(failed);
  const entries = answers.flatMap((answer) => (typeof answer === 'string' ? [] : answer.result));
  const byUser = Map.groupBy(entries, ({ userId }) => userId);
  return [...byUser.values()].flatMap(([first]) => first ?? []).slice(0, limit);
}

type EntryQuestion = (
  directory: Directory,
  signal: AbortSignal,
) => Promise<DirectoryEntry | undefined> | undefined;

/** The first entry that a directory gives; one that cannot tell, or says no, leaves it to the next. */
async function firstEntryOf(
  asks: readonly Ask[],
  question: EntryQuestion,
  signal: AbortSignal,
): Promise<DirectoryEntry | undefined> {
  let failed = 0;
  for (const ask of asks) {
    const answer = await ask(question, (entry) => (entry === undefined ? 'unknown' : 'found'), signal);
    if (answer === 'failed') failed += 1;
    else if (answer !== 'not asked' && answer.result !== undefined) return answer.result;
  }
  if (failed > 0) throw unavailable(failed);
  return undefined;
}

const unavailable = (failed: number): BridgeError =>
  new BridgeError('directory-unavailable', `${failed} of the directories failed, and no other knew`);
