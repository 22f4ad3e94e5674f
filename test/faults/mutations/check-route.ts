// Sends mutants of a request to its route, and judges each answer; then the route must answer the right request as ever.
import fc from 'fast-check';
import { canariesIn } from './canaries.ts';
import { mutated, type RequestExample, type RequestMutation } from './change-request.ts';
import { createConnection, type Connection, type RawAnswer } from './connection.ts';
import type { Drawn, Finding } from './finding.ts';
import { isIntended } from './intended.ts';
import { lesserParts, smallest } from './lesser.ts';
import { judgeLog } from './judge-log.ts';
import { bytesOf, HONEST, toldRequest } from './request.ts';
import { requestMutation } from './request-mutations.ts';
import type { World } from './world.ts';

/** Sent side by side. */
const LANES = 32;
const HONEST_WAIT_MS = 10_000;
/** For the end of a request that does not say where it ends. */
const OTHER_WAIT_MS = 300;

/** What came of a route. */
export interface RouteOutcome {
  readonly sent: number;
  /** How many answers bore each status; `none` where the connection was closed without one. */
  readonly statuses: ReadonlyMap<string, number>;
  readonly findings: readonly Finding[];
}

/** Sends them. @param at only this one of those drawn */
export async function checkRoute(
  world: Pick<World, 'ports' | 'takeLog'>,
  example: RequestExample,
  { seed, each, at }: { readonly seed: number; readonly each: number; readonly at?: number | undefined },
): Promise<RouteOutcome> {
  const drawn: Drawn = { of: example.route, seed, each };
  const all = fc.sample(requestMutation(example), { seed, numRuns: each });
  const chosen = [...all.entries()].filter(([index]) => at === undefined || index === at);
  const statuses = new Map<string, number>();
  const findings: Finding[] = [];
  const port = world.ports[example.listener];
  world.takeLog();
  const next = chosen.values();
  const work = async (): Promise<void> => {
    const connection = createConnection(port);
    for (const [index, mutation] of next) {
      const answer = await sendMutant(connection, example, mutation);
      const status = String(answer.status ?? 'none');
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      const what = faultOf(example, mutation, answer);
      if (what === undefined || findings.length >= 5) continue;
      findings.push({ ...drawn, what, at: index, smallest: await smallestOf(connection, example, mutation) });
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: Math.min(LANES, chosen.length) }, work));
  const log = judgeLog(world.takeLog()).map((what) => ({ ...drawn, what }));
  const right = await answersRight(port, example);
  return {
    sent: chosen.length,
    statuses,
    findings: [...findings, ...log, ...right.map((what) => ({ ...drawn, what }))],
  };
}

async function sendMutant(
  connection: Connection,
  example: RequestExample,
  mutation: RequestMutation,
): Promise<RawAnswer> {
  const request = mutated(example, mutation);
  const isHonest = isHonestlyFramed(mutation);
  return connection.send(bytesOf(request), {
    end: !isHonest,
    waitMs: isHonest ? HONEST_WAIT_MS : OTHER_WAIT_MS,
    hasNoBody: request.method === 'HEAD',
  });
}

/** Whether the request says where it ends, and is a request at all to who reads it. */
function isHonestlyFramed({ framing = 'length', headers = [], target, method }: RequestMutation): boolean {
  const isPlain = headers.every(([name, value]) => !/expect|upgrade/i.test(name) && value.length < 10_000);
  return HONEST.has(framing) && isPlain && target?.op !== 'all' && method !== 'CONNECT';
}

/** What is wrong with an answer; undefined if nothing is. */
function faultOf(
  { route, secret, method }: RequestExample,
  mutation: RequestMutation,
  { status, headers, body }: RawAnswer,
): string | undefined {
  if (status === undefined) return isHonestlyFramed(mutation) ? 'no answer' : undefined;
  if (status >= 500 && !isIntended(route, status)) return `answered with ${status}`;
  const leaked = status >= 400 ? canariesIn(`${headers}\n${body}`) : [];
  if (leaked.length > 0) return `the answer of ${status} holds: ${leaked.join(', ')}`;
  const isSame = mutation.target === undefined && (mutation.method ?? method) === method;
  if (secret !== undefined && isSame && isShownWrong(route, mutation) && status < 400)
    return `let in with its secret ${mutation.secret ?? ''}`;
  return undefined;
}

/** Synapse shows its token for this one in the query, as versions of the API before 1.20 allow. */
function isShownWrong(route: string, { secret }: RequestMutation): boolean {
  return secret !== undefined && !(secret === 'in-query' && route.endsWith('/hash_details'));
}

async function smallestOf(
  connection: Connection,
  example: RequestExample,
  mutation: RequestMutation,
): Promise<string> {
  const fails = async (one: RequestMutation): Promise<boolean> =>
    faultOf(example, one, await sendMutant(connection, example, one)) !== undefined;
  const least = await smallest(mutation, lesserParts, fails);
  return `${JSON.stringify(least).slice(0, 1_000)} ${toldRequest(mutated(example, least))}`;
}

async function answersRight(port: number, example: RequestExample): Promise<readonly string[]> {
  const connection = createConnection(port);
  const { status } = await sendMutant(connection, example, {});
  connection.close();
  return status === example.status ? [] : [`the right request is answered with ${status ?? 'nothing'}`];
}
