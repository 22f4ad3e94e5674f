// Replicas that are restarted one after the other, or killed one each second, while both sides talk.
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../builders/random.ts';
import { talk, type Cast } from './cast.ts';
import type { Finding } from './judge.ts';
import type { Landscape, Replica } from './landscape.ts';
import { look } from './look.ts';
import type { SentConversation } from './sent.ts';
import { settle } from './settle.ts';

/** What came of it. */
export interface ReplicasOutcome {
  readonly messages: number;
  /** How often a replica was restarted, or killed. */
  readonly ended: number;
  /** Transactions of the homeserver that no replica took. */
  readonly failedTransactions: number;
  /** Milliseconds from the sending of a user's message to its record: of half of them, of 99 of 100, of all. */
  readonly delaysMs: { readonly p50: number; readonly p99: number; readonly most: number };
  readonly findings: readonly Finding[];
}

/** How it is done. */
export interface ReplicasOptions {
  readonly seed: number;
  readonly conversations: number;
  /** A checkout of another version, which takes turns with this one. */
  readonly otherCheckout: string | undefined;
}

/** Restarts one replica after the other, so often in all. */
export function restartInTurn(
  landscape: Landscape,
  cast: Cast,
  options: ReplicasOptions & { readonly restarts: number },
): Promise<ReplicasOutcome> {
  const { replicas } = landscape;
  return whileTalking(landscape, cast, options, async () => {
    for (let restart = 0; restart < options.restarts; restart += 1) {
      const round = Math.floor(restart / replicas.length);
      const checkout = round % 2 === 0 ? options.otherCheckout : undefined;
      await replicas[restart % replicas.length]?.restartAs(checkout);
    }
    return options.restarts;
  });
}

/** Kills one of the replicas that run each second, but never the last; each is started again at once. */
export function killEachSecond(
  landscape: Landscape,
  cast: Cast,
  options: ReplicasOptions & { readonly seconds: number },
): Promise<ReplicasOutcome> {
  const random = seeded(options.seed);
  return whileTalking(landscape, cast, options, async () => {
    const starting = new Map<Replica, Promise<void>>();
    let killed = 0;
    for (let second = 0; second < options.seconds; second += 1) {
      const running = landscape.replicas.filter((replica) => !starting.has(replica));
      const victim = running.length > 1 ? running[Math.floor(random() * running.length)] : undefined;
      if (victim !== undefined) {
        await victim.service.kill();
        const started = victim.service.start().finally(() => starting.delete(victim));
        starting.set(victim, started);
        killed += 1;
      }
      await sleep(1_000);
    }
    await Promise.all(starting.values());
    return killed;
  });
}

async function whileTalking(
  landscape: Landscape,
  cast: Cast,
  { seed, conversations }: ReplicasOptions,
  act: () => Promise<number>,
): Promise<ReplicasOutcome> {
  const failedBefore = landscape.balancer.failed.length;
  let isOver = false;
  const talks = Promise.all(
    Array.from({ length: conversations }, (_, index) =>
      talk(cast, `${seed}r${index}`, seed * 16 + index, () => !isOver),
    ),
  );
  const ended = await act();
  isOver = true;
  const said = await talks;
  const findings = await settle(landscape, cast, said);
  const failed = landscape.balancer.failed.slice(failedBefore);
  return {
    messages: said.reduce((sum, { messages }) => sum + messages.length, 0),
    ended,
    failedTransactions: failed.filter((request) => request.includes('transaction')).length,
    delaysMs: await delaysOf(cast, said),
    findings,
  };
}

async function delaysOf(
  cast: Cast,
  conversations: readonly SentConversation[],
): Promise<ReplicasOutcome['delaysMs']> {
  const delays: number[] = [];
  for (const conversation of conversations) {
    const { records } = await look({ ...cast, files: new Map() }, conversation);
    for (const { event_id: id, origin_server_ts: sentMs } of await cast.user.history(conversation.roomId)) {
      const record = records.find(({ eventIds }) => eventIds.includes(id));
      const isOfUser = conversation.messages.some((message) => message.by === 'user' && message.id === id);
      if (record !== undefined && isOfUser) delays.push(record.createdMs - sentMs);
    }
  }
  const sorted = delays.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}
