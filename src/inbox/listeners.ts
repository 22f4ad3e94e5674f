// Who is to be called for messages on which channel, over all sessions of a replica.
import type { Session } from './session.ts';

export type Listener = (payload: string) => void;

export interface Listeners {
  readonly add: (channel: string, listener: Listener, session: Session | undefined) => Promise<void>;
  /** Listens to all channels on a new session. */
  readonly attach: (session: Session) => Promise<void>;
  readonly deliver: (channel: string, payload: string) => void;
  /** Calls everyone with an empty message: there may have been some while nobody listened. */
  readonly callAll: () => void;
}

/** Makes an empty list of listeners. */
export function createListeners(): Listeners {
  const channels = new Map<string, Listener[]>();
  return {
    async add(channel, listener, session) {
      channels.set(channel, [...(channels.get(channel) ?? []), listener]);
      if (session && !session.signal.aborted) await listenTo(session, channel);
    },
    async attach(session) {
      for (const channel of channels.keys()) await listenTo(session, channel);
    },
    deliver(channel, payload) {
      for (const listener of channels.get(channel) ?? []) listener(payload);
    },
    callAll() {
      for (const listener of [...channels.values()].flat()) listener('');
    },
  };
}

async function listenTo({ database }: Session, channel: string): Promise<void> {
  await database.query(`listen "${channel.replaceAll('"', '""')}"`);
}
