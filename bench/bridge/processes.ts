// The time of the processor that the four processes use, each apart: PostgreSQL with all of its own.
import type { Service } from '../../stack/service.ts';
import { familyTimeMs } from '../processor-time.ts';

/** The processes, in the order in which they are shown. */
export const PROCESSES = ['bridge', 'synapse', 'hapi', 'postgres'] as const;
/** One of them. */
export type ProcessName = (typeof PROCESSES)[number];
/** Milliseconds of the processor by process. */
export type ProcessorMs = Readonly<Record<ProcessName, number>>;

/** Where the processes are found; one that does not run has used nothing. */
export type Processes = Readonly<Record<ProcessName, Pick<Service, 'pid'> | undefined>>;

/** Begins to measure. @returns ends it, and tells what was used since */
export async function measureProcessors(processes: Processes): Promise<() => Promise<ProcessorMs>> {
  const before = await readAll(processes);
  return async () => {
    const after = await readAll(processes);
    return mapProcesses((name) => after[name] - before[name]);
  };
}

/** Makes a value for each process. */
export function mapProcesses(valueOf: (name: ProcessName) => number): ProcessorMs {
  return {
    bridge: valueOf('bridge'),
    synapse: valueOf('synapse'),
    hapi: valueOf('hapi'),
    postgres: valueOf('postgres'),
  };
}

/** Of all processes together. */
export function sumOf(used: ProcessorMs): number {
  return PROCESSES.reduce((sum, name) => sum + used[name], 0);
}

async function readAll(processes: Processes): Promise<ProcessorMs> {
  const [bridge, synapse, hapi, postgres] = await Promise.all([
    familyTimeMs(processes.bridge?.pid()),
    familyTimeMs(processes.synapse?.pid()),
    familyTimeMs(processes.hapi?.pid()),
    familyTimeMs(processes.postgres?.pid()),
  ]);
  return { bridge, synapse, hapi, postgres };
}
