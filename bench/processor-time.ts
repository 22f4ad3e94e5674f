// The time of the processor that processes have used, by /proc; on systems without it, none is known.
import { readdir, readFile } from 'node:fs/promises';

/** Of /proc on all common systems. */
const TICK_MS = 10;
const LOOK_EVERY_MS = 100;

/** What a process has used. */
export interface Usage {
  readonly parent: number;
  readonly ownMs: number;
  /** Of children that have ended. */
  readonly childrenMs: number;
}

/** Watches processes that come and go. @param pids those that run now */
export async function watchProcessorTime(pids: () => readonly (number | undefined)[]) {
  const before = new Map<number, number>();
  const latest = new Map<number, number>();
  const look = async (): Promise<void> => {
    for (const pid of pids()) {
      const usage = pid === undefined ? undefined : await usageOf(pid);
      if (pid !== undefined && usage !== undefined) latest.set(pid, usage.ownMs);
    }
  };
  await look();
  for (const [pid, ms] of latest) before.set(pid, ms);
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  return {
    /** @returns the milliseconds since the beginning */
    async stop(): Promise<number> {
      clearInterval(timer);
      await look();
      return [...latest].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0);
    },
  };
}

/** The time that a process and all that came of it have used, in milliseconds. */
export async function familyTimeMs(root: number | undefined): Promise<number> {
  if (root === undefined) return 0;
  const all = await readdir('/proc').catch(() => []);
  const own = await usageOf(root);
  let sum = (own?.ownMs ?? 0) + (own?.childrenMs ?? 0);
  for (const pid of all.filter((name) => /^\d+$/.test(name))) {
    const usage = await usageOf(Number(pid));
    if (usage?.parent === root) sum += usage.ownMs;
  }
  return sum;
}

async function usageOf(pid: number): Promise<Usage | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined);
  return stat === undefined ? undefined : usageIn(stat);
}

/** Reads `/proc/PID/stat`: proc(5), https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
export function usageIn(stat: string): Usage {
  // After the name, which may hold anything: state, parent, …; the times are the 14th to 17th field of all.
  const fields = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] = fields.slice(11, 15);
  return {
    parent: fields[1] ?? 0,
    ownMs: (utime + stime) * TICK_MS,
    childrenMs: (cutime + cstime) * TICK_MS,
  };
}
