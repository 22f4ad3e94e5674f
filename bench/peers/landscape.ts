// One bridge between the two servers in memory, with a way between any two on which things can go wrong, and a recorder.
import { careNetworkPeople } from '../../stack/demo/care-network.ts';
import { createPlatform, type Platform } from '../../stack/demo/platform.ts';
import type { Guard } from '../../stack/guard.ts';
import { reservePort } from '../../stack/ports.ts';
import { startStubFhir } from '../../stack/stub-fhir/stub-fhir.ts';
import { startStubHomeserver, type StubHomeserver } from '../../stack/stub-homeserver/stub-homeserver.ts';
import { answersOk, waitUntil } from '../../stack/wait.ts';
import { openBalancer, type Balancer } from '../../stack/balancer.ts';
import { createUserClient, type UserClient } from '../../stack/clients.ts';
import { forward, openHttpLink, type HttpLink } from '../../stack/http-link.ts';
import type { Contender, Replica, Running } from './contender.ts';
import { createRecorder, type Recorder } from './recorder.ts';

/** All that runs. */
export interface Landscape {
  readonly running: Running;
  readonly homeserver: StubHomeserver;
  readonly user: UserClient;
  readonly platform: Platform;
  readonly recorder: Recorder;
  /** From the bridge to the two servers. */
  readonly links: readonly HttpLink[];
  /** From the homeserver to the bridge. */
  readonly transactions: Balancer;
  /** Resolves when the balancers see all replicas healthy. */
  readonly allHealthy: () => Promise<unknown>;
  readonly end: () => Promise<void>;
}

const TOKENS = { asToken: 'as-token-of-the-benchmark', hsToken: 'hs-token-of-the-benchmark' };

const HEALTH_EVERY_MS = 200;

/** Builds it. @param conversations how many there are */
export async function buildLandscape(
  contender: Contender,
  base: { readonly guard: Guard; readonly logFolder: string },
  { replicas: replicaCount, conversations }: { readonly replicas: number; readonly conversations: number },
): Promise<Landscape> {
  const port = await reservePort();
  const serverName = 'peers.example';
  const fhir = await startStubFhir();
  const homeserver = await startStubHomeserver({
    ...{ serverName, ...TOKENS, appserviceUrl: `http://127.0.0.1:${port}` },
  });
  const user = createUserClient(homeserver.url, homeserver.addUser('noor'));
  const platform = createPlatform(fhir.url);
  for (const person of careNetworkPeople('', user.userId)) await platform.put(person);
  const links = [
    await openHttpLink((request) => forward(homeserver.url, request)),
    await openHttpLink((request) => forward(fhir.url, request)),
  ] as const;
  const health = watchHealth();
  const transactions = await openBalancer(
    () => health.healthy().map(({ origins }) => origins.transactions),
    port,
  );
  const hooks = await openBalancer(() => health.healthy().map(({ origins }) => origins.hooks), 0);
  const ground = {
    ...{ ...base, homeserver, fhir, user, tokens: TOKENS },
    ways: { matrix: links[0].origin, fhir: `${links[1].origin}/fhir` },
    fronts: { transactions: transactions.origin, hooks: hooks.origin },
    conversations: Array.from({ length: conversations }, (_, index) => `c${index}`),
  };
  const running = await contender.start(ground, replicaCount, health.watch);
  const recorder = createRecorder(homeserver, fhir, running.rooms);
  return {
    ...{ running, homeserver, user, platform, recorder, links, transactions },
    allHealthy: health.all,
    async end() {
      health.stop();
      for (const { service } of running.replicas) await service.kill();
      await Promise.all([homeserver.stop(), fhir.stop()]);
      await Promise.all([...links, transactions, hooks].map((link) => link.close()));
      await running.end();
    },
  };
}

/** Asks the replicas for their health, as a load balancer does. */
function watchHealth() {
  const replicas: Replica[] = [];
  const ill = new Set<Replica>();
  const look = (replica: Replica): void => {
    void answersOk(replica.healthUrl).then((isHealthy) => {
      if (isHealthy) ill.delete(replica);
      else ill.add(replica);
    });
  };
  const timer = setInterval(() => {
    replicas.forEach(look);
  }, HEALTH_EVERY_MS);
  return {
    watch: (replica: Replica): void => {
      replicas.push(replica);
    },
    /** All, where none is healthy. */
    healthy(): readonly Replica[] {
      const healthy = replicas.filter((replica) => !ill.has(replica));
      return healthy.length === 0 ? replicas : healthy;
    },
    all: () => waitUntil(() => ill.size === 0, { what: 'all replicas are healthy', timeoutMs: 60_000 }),
    stop: (): void => {
      clearInterval(timer);
    },
  };
}
