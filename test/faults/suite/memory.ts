// The memory of the replicas under load: looked at every few seconds, and by how much it grows once they are warm.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Replica } from './landscape.ts';
import { lowest, slopeOf, type Sample, type Slope } from './slope.ts';

/** What is looked at, in the metrics of a replica. */
const METRICS = {
  resident: /^process_resident_memory_bytes (\S+)$/m,
  heap: /^nodejs_heap_size_used_bytes (\S+)$/m,
} as const;
type MemoryKind = keyof typeof METRICS;
const KINDS = ['resident', 'heap'] as const satisfies readonly MemoryKind[];

const MEGABYTE = 2 ** 20;
const SAMPLE_EVERY_MS = 5_000;
/** Long enough for a full collection under this load. */
const STRETCH_MS = 120_000;
/** What a replica may grow by in an hour, beyond the noise, in megabytes. */
const TOLERATED_MB = 2;

/** How a kind of memory of a replica grew once it was warm, in megabytes. */
export interface Growth {
  /** Counted from 1. */
  readonly replica: number;
  readonly kind: MemoryKind;
  readonly last: number;
  readonly slope: Slope;
}

/** Looks at the memory of each replica until an instant of `performance.now()`. */
export async function watchMemory(replicas: readonly Replica[], endsAt: number): Promise<readonly Growth[]> {
  const each = replicas.map(async ({ opsUrl }, index): Promise<readonly Growth[]> => {
    const samples: Record<MemoryKind, Sample[]> = { resident: [], heap: [] };
    while (performance.now() < endsAt) {
      const metrics = await (await fetch(`${opsUrl}/metrics`)).text();
      for (const kind of KINDS) {
        const value = Number(METRICS[kind].exec(metrics)?.[1]) / MEGABYTE;
        samples[kind].push({ atMs: performance.now(), value });
      }
      await sleep(SAMPLE_EVERY_MS);
    }
    return KINDS.map((kind) => growthOf(index + 1, kind, samples[kind]));
  });
  return (await Promise.all(each)).flat();
}

/** Whether it grew by more than can be noise. */
export function hasGrown({ slope: { perHour, error } }: Growth): boolean {
  return perHour - 2 * error > TOLERATED_MB;
}

/** Of the last two thirds: before, a replica is getting warm. */
function growthOf(replica: number, kind: MemoryKind, samples: readonly Sample[]): Growth {
  const warm = lowest(samples.slice(Math.floor(samples.length / 3)), STRETCH_MS);
  return { replica, kind, last: warm.at(-1)?.value ?? Number.NaN, slope: slopeOf(warm) };
}
