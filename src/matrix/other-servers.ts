// Other homeservers, which one's own asks for invitations and joins: one that does not answer is left alone for a while, so that the
// requests that would wait for it hold up no others.
import type { Clock } from '../domain/clock.ts';
import { serverNameOf } from '../domain/ids.ts';
import { BridgeError } from '../telemetry/errors.ts';
import type { Homeserver } from './homeserver.ts';

export interface OtherServers {
  /**
   * Makes a request that waits for another homeserver, unless that one is left alone. After it did not answer, one request is let
   * through each time, and all others fail at once until that one has succeeded.
   * @throws BridgeError
   */
  readonly reach: <Result>(server: string, request: () => Promise<Result>) => Promise<Result>;
  /** Whether a request to a homeserver would not be tried now. */
  readonly isLeftAlone: (server: string) => boolean;
}

/** How long a homeserver is left alone; doubled each time. */
const ALONE_MS = { first: 60_000, most: 15 * 60_000 };

interface Silence {
  readonly untilMs: number;
  readonly forMs: number;
}

/** Creates what this process knows of other homeservers. */
export function createOtherServers(clock: Pick<Clock, 'monotonicMs'>): OtherServers {
  const silences = new Map<string, Silence>();
  const isLeftAlone = (server: string): boolean =>
    (silences.get(server)?.untilMs ?? Number.NEGATIVE_INFINITY) > clock.monotonicMs();
  const silent = (server: string, forMs: number): Silence => {
    const silence = { untilMs: clock.monotonicMs() + forMs, forMs };
    silences.set(server, silence);
    return silence;
  };
  return {
    isLeftAlone,
    async reach(server, request) {
      if (isLeftAlone(server))
        throw new BridgeError(
          'matrix-unavailable',
          'not tried: the other homeserver did not answer a moment ago',
        );
      const before = silences.get(server);
      // While this one is on its way, the others go on failing.
      const known = before && silent(server, before.forMs);
      try {
        const result = await request();
        silences.delete(server);
        return result;
      } catch (error) {
        // Of several that were on their way, the first to fail counts.
        const isNews = silences.get(server) === known;
        if (isNews && error instanceof BridgeError && error.code === 'matrix-unavailable')
          silent(server, known === undefined ? ALONE_MS.first : Math.min(2 * known.forMs, ALONE_MS.most));
        throw error;
      }
    },
  };
}

/** The homeserver, with all of its operations that may wait for another one. @param serverName its own */
export function sparingOthers(homeserver: Homeserver, others: OtherServers, serverName: string): Homeserver {
  const through = <Result>(servers: readonly string[], request: () => Promise<Result>): Promise<Result> => {
    const [server, ...more] = new Set(servers);
    // Of several it is not known which one was waited for; of its own, none is.
    const isOne = server !== undefined && more.length === 0 && server !== serverName;
    return isOne ? others.reach(server, request) : request();
  };
  return {
    ...homeserver,
    invite: (as, roomId, userId, ...rest) =>
      through([serverNameOf(userId)], () => homeserver.invite(as, roomId, userId, ...rest)),
    acceptInvitation: (as, roomId, server, ...rest) =>
      through([server], () => homeserver.acceptInvitation(as, roomId, server, ...rest)),
    joinThrough: (as, roomId, servers, ...rest) =>
      through(servers, () => homeserver.joinThrough(as, roomId, servers, ...rest)),
  };
}
