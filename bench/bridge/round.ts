// One round: the bridge is measured, and then the script, so that both backlogs follow upon one another.
import { setTimeout as sleep } from 'node:timers/promises';
import { drainByBridge, drainByScript, type Drained } from './backlog.ts';
import type { Extent } from './extent.ts';
import type { Ground } from './ground.ts';
import type { Line } from './line.ts';
import { mapProcesses, measureProcessors, type ProcessorMs } from './processes.ts';
import { untilQuiet } from './quiet.ts';
import type { Direction } from './said.ts';
import { openSink } from './sink.ts';
import { talkSteadily, type Steady } from './steady.ts';

/** What was measured on one line. */
export interface Measured {
  readonly drained: Readonly<Record<Direction, Drained>>;
  /** With the user's client looking on, by messages per second. */
  readonly steady: Readonly<Record<'slow' | 'fast', Steady>>;
  /** As fast, and no client looks on, so that the processors have nothing else to do. */
  readonly unseen: Steady;
  /** Milliseconds of each process in each second at rest. */
  readonly atRest: ProcessorMs;
}

/** One round of both. */
export interface Round {
  readonly bridge: Measured;
  readonly bare: Measured;
}

/** Plays it. The bridge does not run before, and not afterwards. */
export async function playRound(
  ground: Ground,
  bare: Line,
  extent: Extent,
  say: (line: string) => void,
): Promise<Round> {
  const ofBridge = await measureBridge(ground, extent, say);
  await silenceSubscriptions(ground);
  const closeSink = await openSink(ground.stack.appservice.port);
  try {
    return { bridge: ofBridge, bare: await measureBare(ground, bare, extent, say) };
  } finally {
    await closeSink();
  }
}

async function measureBridge(ground: Ground, extent: Extent, say: (line: string) => void): Promise<Measured> {
  const { bridged, bridge } = ground;
  const [slow, fast] = extent.rates;
  const load = (perSecond: number, isLookedOn: boolean): Promise<Steady> =>
    talkSteadily(ground, bridged, { perSecond, seconds: extent.seconds, isLookedOn });
  say('  bridge: settling');
  await bridge.service.start();
  await sleep(extent.settleSeconds * 1000);
  await untilQuiet(ground);
  say('  bridge: at rest');
  const atRest = await measureAtRest(ground, extent.seconds);
  say('  bridge: steady loads');
  const steady = { slow: await load(slow, true), fast: await load(fast, true) };
  const unseen = await load(fast, false);
  say('  bridge: backlogs');
  const toMatrix = await drainByBridge(ground, 'fhir-to-matrix', extent.backlog);
  const toFhir = await drainByBridge(ground, 'matrix-to-fhir', extent.backlog);
  await bridge.service.stop();
  return { drained: { 'matrix-to-fhir': toFhir, 'fhir-to-matrix': toMatrix }, steady, unseen, atRest };
}

async function measureBare(
  ground: Ground,
  bare: Line,
  extent: Extent,
  say: (line: string) => void,
): Promise<Measured> {
  const [slow, fast] = extent.rates;
  const load = (perSecond: number, isLookedOn: boolean): Promise<Steady> =>
    talkSteadily(ground, bare, { perSecond, seconds: extent.seconds, isLookedOn });
  say('  bare: backlogs');
  const toFhir = await drainByScript(ground, bare, 'matrix-to-fhir', extent.backlog);
  const toMatrix = await drainByScript(ground, bare, 'fhir-to-matrix', extent.backlog);
  say('  bare: steady loads');
  const unseen = await load(fast, false);
  const steady = { fast: await load(fast, true), slow: await load(slow, true) };
  say('  bare: at rest');
  const atRest = await measureAtRest(ground, extent.seconds);
  return { drained: { 'matrix-to-fhir': toFhir, 'fhir-to-matrix': toMatrix }, steady, unseen, atRest };
}

async function measureAtRest({ processes }: Ground, seconds: number): Promise<ProcessorMs> {
  const stop = await measureProcessors(processes);
  await sleep(seconds * 1000);
  const used = await stop();
  return mapProcesses((name) => used[name] / seconds);
}

/** The bridge switches its Subscriptions on again when it starts. */
async function silenceSubscriptions({ platform }: Ground): Promise<void> {
  for (const subscription of await platform.search('Subscription?_count=100'))
    await platform.put({ ...subscription, status: 'off' });
}
