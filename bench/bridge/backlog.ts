// How fast a backlog is carried across: all messages are there before the bridge, or the script, begins.
import { judge, type Said } from '../judge.ts';
import { awaitArrivals, problemsIn } from './arrivals.ts';
import type { Ground } from './ground.ts';
import type { Line } from './line.ts';
import { sayAtOnce } from './pace.ts';
import { measureProcessors, type ProcessorMs } from './processes.ts';
import { untilThrough } from './quiet.ts';
import { makeMessages, saidAt, type Direction } from './said.ts';
import { createTalk } from './talk.ts';

/** How it went. */
export interface Drained {
  readonly perSecond: number;
  /** Milliseconds of the bridge's process. */
  readonly bridgeMsPerMessage: number;
  readonly problems: readonly string[];
}

/**
 * As many as the bridge by default: to the FHIR server one from each of its workers (inbox.workers), to the homeserver what
 * matrix.maxConcurrentRequests lets through.
 */
const CONCURRENT: Readonly<Record<Direction, number>> = { 'matrix-to-fhir': 20, 'fhir-to-matrix': 8 };
const SAID_AT_A_TIME = 8;

/** What is measured, once all is there. */
interface Begun {
  /** Before the first message was carried, in milliseconds since the epoch. */
  readonly since: number;
  readonly run: number;
  readonly direction: Direction;
  readonly said: readonly Said[];
  readonly beganMs: number;
}

/** Stops the bridge, has all said, starts the bridge, and measures from when it is ready. What it carried before is not counted. */
export async function drainByBridge(ground: Ground, direction: Direction, many: number): Promise<Drained> {
  const { bridge, bridged } = ground;
  const run = ground.nextRun();
  const messages = makeMessages(run, direction, many, bridged.places.length);
  await bridge.service.stop();
  const beforeAll = Date.now();
  const { say, said } = createTalk(ground, bridged);
  await sayAtOnce(messages, SAID_AT_A_TIME, say);
  await bridge.service.start();
  const stop = await measureProcessors(ground.processes);
  const begun = { since: beforeAll, run, direction, said, beganMs: Date.now() };
  return arriveAll(ground, bridged, begun, stop);
}

/** Has the script make the same sends or writes. */
export async function drainByScript(
  ground: Ground,
  line: Line,
  direction: Direction,
  many: number,
): Promise<Drained> {
  const run = ground.nextRun();
  const messages = makeMessages(run, direction, many, line.places.length);
  const beganMs = Date.now();
  const stop = await measureProcessors(ground.processes);
  await sayAtOnce(messages, CONCURRENT[direction], async (message) => line.carry?.(message));
  const said = messages.map((message) => saidAt(message, beganMs));
  return arriveAll(ground, line, { since: beganMs, run, direction, said, beganMs }, stop);
}

async function arriveAll(
  ground: Ground,
  line: Line,
  begun: Begun,
  stop: () => Promise<ProcessorMs>,
): Promise<Drained> {
  const { said, direction, beganMs } = begun;
  const what = `${line.name}, backlog ${direction}`;
  const arrivals = await awaitArrivals(ground, line, { ...begun, expected: said.length });
  const left = await untilThrough(ground, line);
  const used = await stop();
  const afterwards = arrivals.map(({ atMs }) => atMs).filter((atMs) => atMs > beganMs);
  const tooFew = afterwards.length < said.length / 2;
  return {
    perSecond: afterwards.length / ((Math.max(...afterwards) - beganMs) / 1000),
    bridgeMsPerMessage: used.bridge / afterwards.length,
    problems: [
      ...problemsIn(what, judge(said, arrivals)),
      ...left.map((problem) => `${what}: ${problem}`),
      ...(tooFew ? [`${what}: only ${afterwards.length} were left when it was ready`] : []),
    ],
  };
}
