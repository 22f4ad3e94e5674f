// What is compared: two bridges between the same homeserver and the same FHIR server.
import type { Guard } from '../../stack/guard.ts';
import type { Service } from '../../stack/service.ts';
import type { StubFhir } from '../../stack/stub-fhir/stub-fhir.ts';
import type { StubHomeserver } from '../../stack/stub-homeserver/stub-homeserver.ts';
import type { UserClient } from '../../stack/clients.ts';

/** Where a bridge is to run. */
export interface Ground {
  readonly guard: Guard;
  readonly logFolder: string;
  readonly homeserver: StubHomeserver;
  readonly fhir: StubFhir;
  /** What homeserver and bridge show each other. */
  readonly tokens: { readonly asToken: string; readonly hsToken: string };
  /** The ways to the two servers, on which things may go wrong. */
  readonly ways: { readonly matrix: string; readonly fhir: string };
  /** Where the homeserver sends transactions, and the FHIR server hooks: balancers before the bridge. */
  readonly fronts: { readonly transactions: string; readonly hooks: string };
  /** Who talks in Matrix. */
  readonly user: UserClient;
  /** Ids of the CommunicationRequests, one per conversation; the FHIR server has none of them yet. */
  readonly conversations: readonly string[];
}

/** One process of a bridge. */
export interface Replica {
  readonly service: Service;
  /** Where the balancers find it. */
  readonly origins: { readonly transactions: string; readonly hooks: string };
  /** Answers 200 as long as the balancers may send requests there. */
  readonly healthUrl: string;
}

/** A bridge that carries what is said. */
export interface Running {
  readonly replicas: readonly Replica[];
  /** Where each conversation takes place; the user is there. */
  readonly rooms: readonly { readonly conversation: string; readonly roomId: string }[];
  /** The root of other processes that work for it. */
  readonly helper?: Service | undefined;
  readonly end: () => Promise<void>;
}

/** A bridge to be measured. */
export interface Contender {
  readonly name: 'ours' | 'peer';
  /** Starts it, with its rooms. @param onReplica is told of each process as soon as it listens */
  readonly start: (
    ground: Ground,
    replicaCount: number,
    onReplica: (replica: Replica) => void,
  ) => Promise<Running>;
}
