// A steady load: both sides say so many messages in each second, whether the earlier ones are through or not.
import { waitUntil } from '../../stack/wait.ts';
import { judge, type Arrival } from '../judge.ts';
import { awaitArrivals, problemsIn } from './arrivals.ts';
import type { Ground } from './ground.ts';
import type { Line } from './line.ts';
import { lookOn, type OwnView } from './own-view.ts';
import { sayEvenly } from './pace.ts';
import { mapProcesses, measureProcessors, type ProcessorMs } from './processes.ts';
import { untilThrough } from './quiet.ts';
import { makeMessages, type Direction } from './said.ts';
import { createTalk } from './talk.ts';

/** A load. */
export interface Load {
  /** Messages per second, each way. */
  readonly perSecond: number;
  readonly seconds: number;
  /** Whether the user's client asks what there is, and so whether it is known when it is shown a message. */
  readonly isLookedOn: boolean;
}

/** How it went. */
export interface Steady {
  /**
   * From the answer to who said a message, in milliseconds: until the stamp of its record; until the user's client is shown it,
   * or where it does not look on, until Synapse has stored it.
   */
  readonly latenciesMs: Readonly<Record<Direction, readonly number[]>>;
  /** Milliseconds of each process for each pair of messages, one each way. */
  readonly perPair: ProcessorMs;
  readonly problems: readonly string[];
}

/** Both sides talk. */
export async function talkSteadily(
  ground: Ground,
  line: Line,
  { perSecond, seconds, isLookedOn }: Load,
): Promise<Steady> {
  const run = ground.nextRun();
  const pairs = perSecond * seconds;
  const view = isLookedOn ? await lookOn(ground.stack.synapse.url, ground.accessToken) : undefined;
  const since = Date.now();
  const stop = await measureProcessors(ground.processes);
  const carry = async (direction: Direction, delayMs: number) => {
    const { say, said } = createTalk(ground, line);
    await sayEvenly(makeMessages(run, direction, pairs, line.places.length), perSecond, say, delayMs);
    const awaited = { run, direction, since, said, expected: 2 * pairs };
    const arrivals = await awaitArrivals(ground, line, awaited);
    return {
      said,
      arrivals,
      problems: problemsIn(`${line.name}, ${perSecond}/s ${direction}`, judge(said, arrivals)),
    };
  };
  const [toFhir, toMatrix] = await Promise.all([
    carry('matrix-to-fhir', 0),
    carry('fhir-to-matrix', 500 / perSecond),
  ]);
  const left = await untilThrough(ground, line);
  const used = await stop();
  const shown = view === undefined ? toMatrix.arrivals : await asShown(view, toMatrix.arrivals);
  await view?.stop();
  return {
    latenciesMs: {
      'matrix-to-fhir': judge(toFhir.said, toFhir.arrivals).latenciesMs,
      'fhir-to-matrix': judge(toMatrix.said, shown).latenciesMs,
    },
    perPair: mapProcesses((name) => used[name] / pairs),
    problems: [
      ...toFhir.problems,
      ...toMatrix.problems,
      ...left.map((problem) => `${line.name}, ${perSecond}/s: ${problem}`),
    ],
  };
}

/** The arrivals as the user's client is shown them; it may be a little behind. */
async function asShown({ shownMs }: OwnView, arrivals: readonly Arrival[]): Promise<readonly Arrival[]> {
  const isShown = (): boolean => arrivals.every(({ record }) => shownMs.has(record));
  await waitUntil(isShown, { what: 'the user’s client is shown all messages', timeoutMs: 30_000 });
  return arrivals.map((arrival) => ({ ...arrival, atMs: shownMs.get(arrival.record) ?? Number.NaN }));
}
