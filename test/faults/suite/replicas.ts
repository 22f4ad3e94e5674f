// Replicas that are restarted one after the other, or killed one each second, while both sides talk.
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../builders/random.ts';
import { talk, type Cast } from './cast.ts';
import type { Finding } from './judge.ts';
import { keepStarting } from './keep-starting.ts';
import type { Landscape } from './landscape.ts';
import { look } from './look.ts';
import { measureMachine } from './machine.ts';
import type { SentConversation } from './sent.ts';
import { settle } from './settle.ts';
import { spreadOf, type Spread } from './spread.ts';
import { noteTakeovers } from './takeovers.ts';

/** What came of it. */
export interface ReplicasOutcome {
  readonly messages: number;
  /** How often a replica was restarted, or killed. */
  readonly ended: number;
  /** Transactions of the homeserver that no replica took. */
  readonly failedTransactions: number;
  /** From the sending of a user's message to its record. */
  readonly delaysMs: Spread;
  /** From the death of a replica until another one goes on with what it worked on. */
  readonly standstillsMs: Spread;
  /** The share of the machine that was in use, from 0 to 1. */
  readonly machineBusy: number;
  /** For which the servers let the bridge wait at each request. */
  readonly answersMs: Readonly<Record<'synapse' | 'hapi', Spread>>;
  readonly findings: readonly Finding[];
}

/** How it is done. */
export interface ReplicasOptions {
  readonly seed: number;
  readonly conversations: number;
  /** A checkout of another version, which takes turns with this one. */
  readonly otherCheckout?: string | undefined;
}

/** So seldom does a side speak that the servers of a small machine keep up while no replica ends. */
const LONGEST_PAUSE_MS = 6_000;
/** As `minReadySeconds` of a Deployment of Kubernetes: so long is a replica ready before the next one is ended. */
const MIN_READY_MS = 5_000;
/** So soon go the conversations of a killed replica on. */
const SOON_MS = 2_000;
/** From here on it is the machine that makes everything late. */
const NOTHING_LEFT = 0.9;

/** Restarts one replica after the other, so often in all. */
export async function restartInTurn(
  landscape: Landscape,
  cast: Cast,
  options: ReplicasOptions & { readonly restarts: number },
): Promise<ReplicasOutcome> {
  const { replicas } = landscape;
  const outcome = await whileTalking(landscape, cast, options, async () => {
    for (let restart = 0; restart < options.restarts; restart += 1) {
      const round = Math.floor(restart / replicas.length);
      const checkout = round % 2 === 0 ? options.otherCheckout : undefined;
      await replicas[restart % replicas.length]?.restartAs(checkout);
      await sleep(MIN_READY_MS);
    }
    return options.restarts;
  });
  const { failedTransactions: failed, findings } = outcome;
  const refused: Finding = { what: 'lost', about: `${failed} transactions that no replica took` };
  return { ...outcome, findings: failed > 0 ? [...findings, refused] : findings };
}

/** Kills one replica each second, but never the last that is ready; each is started again at once. */
export function killEachSecond(
  landscape: Landscape,
  cast: Cast,
  options: ReplicasOptions & { readonly seconds: number },
): Promise<ReplicasOutcome> {
  return whileTalking(landscape, cast, options, async (killing) => {
    const starting = keepStarting(landscape.replicas, seeded(options.seed));
    let killed = 0;
    for (let second = 0; second < options.seconds; second += 1) {
      const victim = starting.victim();
      if (victim !== undefined) {
        await killing(victim.name);
        await starting.kill(victim);
        killed += 1;
      }
      await sleep(1_000);
    }
    await starting.allRun();
    return killed;
  });
}

async function whileTalking(
  landscape: Landscape,
  cast: Cast,
  { seed, conversations }: ReplicasOptions,
  act: (killing: (name: string) => Promise<void>) => Promise<number>,
): Promise<ReplicasOutcome> {
  const { balancer, answerTimesMs } = landscape;
  const failedBefore = balancer.failed.length;
  const takeovers = await noteTakeovers(landscape.database.url);
  const busy = measureMachine();
  let isOver = false;
  const goesOn = (): boolean => !isOver;
  const talks = Promise.all(
    Array.from({ length: conversations }, (_, index) =>
      talk(cast, `${seed}r${index}`, seed * 16 + index, goesOn, LONGEST_PAUSE_MS),
    ),
  );
  const ended = await act((name) => takeovers.killing(name));
  isOver = true;
  const said = await talks;
  const machineBusy = busy();
  const answersMs = { synapse: spreadOf(answerTimesMs.synapse), hapi: spreadOf(answerTimesMs.hapi) };
  const findings = await settle(landscape, cast, said);
  const failed = balancer.failed.slice(failedBefore);
  const standstillsMs = spreadOf(await takeovers.standstillsMs());
  const isSlow = standstillsMs.most > SOON_MS && machineBusy < NOTHING_LEFT;
  return {
    messages: said.reduce((sum, { messages }) => sum + messages.length, 0),
    ...{ ended, standstillsMs, machineBusy, answersMs },
    failedTransactions: failed.filter((request) => request.includes('transaction')).length,
    delaysMs: spreadOf(await delaysOf(cast, said)),
    findings: isSlow ? [...findings, { what: 'unexplained', about: 'a conversation stood still' }] : findings,
  };
}

async function delaysOf(cast: Cast, conversations: readonly SentConversation[]): Promise<readonly number[]> {
  const delays: number[] = [];
  for (const conversation of conversations) {
    const { records } = await look({ ...cast, files: new Map() }, conversation);
    for (const { event_id: id, origin_server_ts: sentMs } of await cast.user.history(conversation.roomId)) {
      const record = records.find(({ eventIds }) => eventIds.includes(id));
      const isOfUser = conversation.messages.some((message) => message.by === 'user' && message.id === id);
      if (record !== undefined && isOfUser) delays.push(record.createdMs - sentMs);
    }
  }
  return delays;
}
