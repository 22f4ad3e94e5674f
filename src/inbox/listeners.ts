// Who is to be called for messages on which channel, over all sessions of a replica.
import type { Log } from '../telemetry/log.ts';
import type { Session } from './session.ts';

export type Listener = (payload: string) => void;

export interface Listeners {
  readonly add: (channel: string, listener: Listener, session: Session | undefined) => Promise<void>;
  /** Listens to all channels on a new session. */
  readonly attach: (session: Session) => Promise<void>;
  readonly deliver: (channel: string, payload: string) => void;
  /** Calls everyone with an empty message: some may have been sent while none was listened to. */
  readonly callAll: () => void;
}

/** Makes an empty list of listeners. */
export function createListeners(log: Log): Listeners {
  const channels = new Map<string, Listener[]>();
  return {
    async add(channel, listener, session) {
      channels.set(channel, [...(channels.get(channel) ?? []), listener]);
      if (!session || session.signal.aborted) return;
      await listenTo(session, channel).catch(() => {
        session.lose('it could not listen'); // the next one will
      });
    },
    async attach(session) {
      for (const channel of channels.keys()) await listenTo(session, channel);
    },
    deliver(channel, payload) {
      for (const listener of channels.get(channel) ?? []) call(log, listener, payload);
    },
    callAll() {
      for (const listener of [...channels.values()].flat()) call(log, listener, '');
    },
  };
}

/** Thrown from within the driver, an error would end the whole process. */
function call(log: Log, listener: Listener, payload: string): void {
  try {
    listener(payload);
  } catch (error) {
    log.error({ error }, 'A listener threw');
  }
}

async function listenTo({ database }: Session, channel: string): Promise<void> {
  await database.query(`listen "${channel.replaceAll('"', '""')}"`);
}
