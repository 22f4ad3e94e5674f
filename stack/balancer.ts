// The balancer before the replicas, through which Synapse pushes and HAPI sends its hooks; what it passes on may come twice, in parts, under other ids, late or not at all.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { forward, openHttpLink, type HttpLink, type WholeAnswer, type WholeRequest } from './http-link.ts';

/** What can be done to transactions of the homeserver. */
export const TRANSACTION_TRICKS = ['replayed', 'split', 'renumbered'] as const;
/** What can be done to hooks of the FHIR server. */
export const HOOK_TRICKS = ['silent', 'doubled', 'reordered'] as const;
/** Any of them. */
export type Trick = (typeof TRANSACTION_TRICKS)[number] | (typeof HOOK_TRICKS)[number];

/** A running balancer. */
export interface Balancer extends HttpLink {
  /** From now on, these are done. */
  trick(tricks: readonly Trick[], random: () => number): void;
  /** Requests that no replica took, by their path without ids. */
  readonly failed: readonly string[];
}

const TRANSACTION = /^\/_matrix\/app\/v1\/transactions\/([^/?]+)/;
const transactionSchema = z.looseObject({ events: z.array(z.unknown()) });
const OK: WholeAnswer = {
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from('{}'),
};
/** Of transactions, so many may come again later. */
const KEPT = 20;
/** Between two looks at which replicas are ready, and how long one may take to say so. */
const CHECK_EVERY_MS = 500;
const CHECK_TIMEOUT_MS = 2_000;
const LATEST_HOOK_MS = 2_000;

/**
 * Opens the balancer. It asks the replicas whether they are ready.
 * @param replicas where the replicas listen, those that run and those that do not
 * @param port where the homeserver expects the bridge
 */
export async function openBalancer(replicas: () => readonly string[], port: number): Promise<Balancer> {
  let tricks: readonly Trick[] = [];
  let random: () => number = () => 0;
  const failed: string[] = [];
  const earlier: WholeRequest[] = [];
  const watch = watchReplicas(replicas);

  /** Tries one replica after the other, as a balancer does that sees a connection refused. */
  async function balance(request: WholeRequest): Promise<WholeAnswer> {
    let unavailable: WholeAnswer | undefined;
    for (const replica of watch.candidates()) {
      try {
        const answer = await forward(replica, request);
        if (answer.status !== 503) return answer;
        unavailable = answer;
      } catch (error) {
        if (isRefused(error)) continue;
        failed.push(kindOf(request));
        throw error;
      }
    }
    failed.push(kindOf(request));
    if (unavailable !== undefined) return unavailable;
    throw new Error('No replica takes requests');
  }

  async function passTransaction(request: WholeRequest, id: string): Promise<WholeAnswer> {
    const sent = asTricked(request, id, tricks, random);
    earlier.push(...sent);
    earlier.splice(0, earlier.length - KEPT);
    for (const part of sent) {
      const answers = await Promise.all(
        (tricks.includes('replayed') && random() < 0.5 ? [part, part] : [part]).map(balance),
      );
      const refused = answers.find(({ status }) => status !== 200);
      if (refused !== undefined) return refused;
    }
    const again = tricks.includes('replayed') ? earlier[Math.floor(random() * earlier.length)] : undefined;
    if (again !== undefined) await balance(again);
    return OK;
  }

  async function passHook(request: WholeRequest): Promise<WholeAnswer> {
    if (tricks.includes('silent')) return OK;
    if (tricks.includes('doubled')) await balance(request);
    if (tricks.includes('reordered')) await sleep(random() * LATEST_HOOK_MS);
    return balance(request);
  }

  const link = await openHttpLink((request) => {
    const id = TRANSACTION.exec(request.path)?.[1];
    if (id !== undefined) return passTransaction(request, id);
    return request.path.startsWith('/_matrix') ? balance(request) : passHook(request);
  }, port);
  return {
    ...link,
    failed,
    close: () => watch.stop().then(() => link.close()),
    trick(next, by) {
      tricks = next;
      random = by;
    },
  };
}

/** The transaction as it is passed on: in parts, under other ids. */
function asTricked(
  request: WholeRequest,
  id: string,
  tricks: readonly Trick[],
  random: () => number,
): readonly WholeRequest[] {
  const parts = tricks.includes('split') ? inParts(request, id, random()) : [request];
  if (!tricks.includes('renumbered')) return parts;
  return parts.map((part) => ({ ...part, path: pathOf(part, String(Math.floor(random() * 50))) }));
}

/** Asks the replicas again and again whether they are ready. */
function watchReplicas(replicas: () => readonly string[]) {
  let turn = 0;
  let ready: ReadonlySet<string> = new Set();
  const closing = new AbortController();

  async function check(): Promise<void> {
    while (!closing.signal.aborted) {
      const checked = replicas().map(async (replica) => ((await isReady(replica)) ? [replica] : []));
      ready = new Set((await Promise.all(checked)).flat());
      await sleep(CHECK_EVERY_MS, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  }

  const checking = check();
  return {
    /** The replicas in turn; those that are not ready last, for when none is. */
    candidates(): readonly string[] {
      turn += 1;
      const all = replicas();
      const inTurn = all.map((_, index) => all[(turn + index) % all.length] ?? '');
      return [
        ...inTurn.filter((replica) => ready.has(replica)),
        ...inTurn.filter((replica) => !ready.has(replica)),
      ];
    },
    stop(): Promise<void> {
      closing.abort();
      return checking;
    },
  };
}

/** A transaction as two, cut anywhere. */
function inParts(request: WholeRequest, id: string, where: number): readonly WholeRequest[] {
  const { events, ...rest } = transactionSchema.parse(JSON.parse(request.body.toString('utf8')));
  const cut = Math.floor(where * (events.length + 1));
  return [
    withContent(request, `${id}.1`, { ...rest, events: events.slice(0, cut) }),
    withContent(request, `${id}.2`, { events: events.slice(cut) }),
  ];
}

function withContent(request: WholeRequest, id: string, content: object): WholeRequest {
  const body = Buffer.from(JSON.stringify(content));
  const headers = { ...request.headers, 'content-length': String(body.length) };
  return { ...request, path: pathOf(request, id), body, headers };
}

function pathOf({ path }: WholeRequest, id: string): string {
  return path.replace(TRANSACTION, `/_matrix/app/v1/transactions/${id}`);
}

/** As Kubernetes and HAProxy ask. */
async function isReady(replica: string): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
    const answer = await fetch(`${replica}/health/ready`, { signal, headers: { connection: 'close' } });
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
}

function kindOf({ method, path }: WholeRequest): string {
  return `${method} ${path.replace(TRANSACTION, 'transaction').replace(/\?.*/, '')}`;
}
