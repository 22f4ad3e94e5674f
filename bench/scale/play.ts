// Plays it: the conversations become more and more, then the replicas, and at last there is a backlog.
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchProcessorTime } from '../processor-time.ts';
import type { BenchResult } from '../result.ts';
import type { Extent } from './extent.ts';
import type { Landscape } from './landscape.ts';
import { reportOf, rowOf, type Measured, type Size } from './report.ts';
import { markOf, say as sayAll, talk, untilCarried, verdictOf } from './talk.ts';

/** Before what is measured, so many messages run first: a share of them. */
const WARM_UP = 0.2;

/** Plays all of it. */
export async function play(
  landscape: Landscape,
  extent: Extent,
  say: (line: string) => void,
): Promise<BenchResult> {
  const measured: Measured[] = [];
  const note = (one: Measured): void => {
    say(rowOf(one));
    measured.push(one);
  };
  const most = extent.rooms.at(-1) ?? 0;
  let started: Size | undefined;
  for (const rooms of extent.rooms) {
    await landscape.growTo(rooms);
    if (rooms === most) await landscape.store(extent.stored);
    const startMs = await landscape.start(1);
    if (rooms === most) started = { startMs, memoryMiB: await memoryAfter(landscape, extent.calmMs) };
    note(await measure(landscape, { rooms, replicas: 1 }, extent));
    await landscape.stop();
  }
  for (const replicas of extent.replicas.filter((count) => count > 1)) {
    await landscape.start(replicas);
    note(await measure(landscape, { rooms: most, replicas }, extent));
    await landscape.stop();
  }
  say(`${extent.backlog} messages while the bridge is away`);
  return reportOf(measured, { started, drained: await drain(landscape, extent), extent });
}

async function measure(
  landscape: Landscape,
  of: Pick<Measured, 'replicas' | 'rooms'>,
  { messages }: Pick<Extent, 'messages'>,
): Promise<Measured> {
  const warmUp = Math.ceil(messages * WARM_UP);
  for (const side of ['user', 'platform'] as const) await talk(landscape, side, warmUp);
  return {
    ...of,
    toFhir: await talk(landscape, 'user', messages),
    toMatrix: await talk(landscape, 'platform', messages),
  };
}

/** Of the one replica. */
async function memoryAfter({ pids }: Landscape, calmMs: number): Promise<number> {
  await sleep(calmMs);
  const [pid] = pids();
  const status = pid === undefined ? '' : await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) / 1024;
}

/** Messages of users pile up at the homeserver; then the bridge comes back. The time runs from its start. */
async function drain(landscape: Landscape, { backlog }: Extent) {
  const since = markOf(landscape);
  await sayAll(landscape, 'user', backlog);
  const begunMs = performance.now();
  await landscape.start(1);
  const processor = await watchProcessorTime(landscape.pids);
  await untilCarried(landscape, since, backlog);
  const ownMs = (await processor.stop()) / backlog;
  return { ...verdictOf(landscape, since, begunMs), ownMs };
}
