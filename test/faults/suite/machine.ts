// How busy the machine is, by which slowness is judged: on a machine that has nothing left, everything waits.
import { cpus } from 'node:os';

/** Begins to measure. @returns tells the share of the processors' time that was used since, from 0 to 1 */
export function measureMachine(): () => number {
  const before = processorTimes();
  return () => {
    const now = processorTimes();
    return (now.busyMs - before.busyMs) / Math.max(1, now.allMs - before.allMs);
  };
}

function processorTimes(): { readonly busyMs: number; readonly allMs: number } {
  const times = cpus().map((processor) => processor.times);
  const allMs = times.flatMap((of) => Object.values(of)).reduce((sum, ms) => sum + ms, 0);
  return { allMs, busyMs: allMs - times.reduce((sum, { idle }) => sum + idle, 0) };
}
