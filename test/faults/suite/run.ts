// One run: conversations in which both sides talk, while faults happen; then all is mended, and both sides are compared.
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../builders/random.ts';
import { talk, type Cast } from './cast.ts';
import { FAULTS, type Fault } from './faults.ts';
import type { Finding } from './judge.ts';
import type { Landscape } from './landscape.ts';
import { settle } from './settle.ts';

/** How much happens in a run. */
export interface Extent {
  readonly conversations: number;
  /** Of each side of each conversation. */
  readonly steps: number;
  readonly faults: number;
  /** Only faults with this in their name. */
  readonly only?: string | undefined;
}

/** What came of a run. */
export interface Outcome {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly messages: number;
  readonly findings: readonly Finding[];
  readonly seconds: number;
}

/** Plays a run. The same seed draws the same faults and messages; when exactly they meet depends on the machine. */
export async function playRun(
  landscape: Landscape,
  cast: Cast,
  seed: number,
  extent: Extent,
): Promise<Outcome> {
  const began = performance.now();
  const random = seeded(seed);
  const faults = drawFaults(landscape, extent, random);
  const strands = (['processes', 'between'] as const).map((strand) =>
    faults.filter((fault) => fault.strand === strand),
  );
  const talks = Promise.all(
    Array.from({ length: extent.conversations }, (_, index) =>
      talk(cast, `${seed}x${index}`, seed * 16 + index, (steps) => steps < extent.steps),
    ),
  );
  const [conversations] = await Promise.all([
    talks,
    ...strands.map(async (strand) => {
      for (const fault of strand) {
        await sleep(random() * 1_000);
        await fault.happen(landscape, random);
      }
    }),
  ]);
  const findings = await settle(landscape, cast, conversations);
  return {
    ...{ seed, findings },
    faults: faults.map(({ name }) => name),
    messages: conversations.reduce((sum, { messages }) => sum + messages.length, 0),
    seconds: Math.round((performance.now() - began) / 100) / 10,
  };
}

function drawFaults(
  landscape: Landscape,
  { faults: count, only = '' }: Extent,
  random: () => number,
): readonly Fault[] {
  const tickets = FAULTS.filter(
    ({ name, isPossible }) => name.includes(only) && isPossible(landscape),
  ).flatMap((fault) => Array<Fault>(fault.weight).fill(fault));
  return Array.from({ length: count }, () => tickets[Math.floor(random() * tickets.length)]).filter(
    (fault) => fault !== undefined,
  );
}
