// What the global setups hand to the tests through `inject(...)`.

/** Connection details of a homeserver. */
export interface ProvidedHomeserver {
  readonly url: string;
  readonly serverName: string;
  readonly registrationSharedSecret: string;
}

/** Connection details of the whole stack. */
export interface ProvidedStack {
  /** Holds the log of everything that runs; what a test starts logs into a folder of its own below `bridges`. */
  readonly logFolder: string;
  /** The bridge's own database, empty at first. */
  readonly bridgeDatabaseUrl: string;
  readonly synapse: ProvidedHomeserver;
  /** Federates with Synapse. */
  readonly neighbour: ProvidedHomeserver;
  /** Connection URLs of the homeservers' own databases, as their owner. */
  readonly homeserverDatabases: Readonly<Record<'synapse' | 'neighbour', string>>;
  readonly hapi: { readonly url: string };
  /** Files of a certificate for localhost that the homeservers trust. */
  readonly certificate: { readonly certificatePath: string; readonly keyPath: string };
  readonly appservice: ProvidedAppservice & { readonly registrationPath: string };
  /** Of a bridge of another organisation, which runs only where a test starts it. */
  readonly neighbourAppservice: ProvidedAppservice;
}

/** Where a homeserver expects its bridge. */
export interface ProvidedAppservice {
  /** Reserved for the bridge, which the homeserver expects at this port of 127.0.0.1. */
  readonly port: number;
  readonly url: string;
  readonly asToken: string;
  readonly hsToken: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection URL of PostgreSQL's superuser; make databases with `createScratchDatabase(adminUrl)`. */
    adminUrl: string;
    /** Present unless `stackMissing` is. */
    stack: ProvidedStack;
    /** Why the stack could not be started here, for `describe.skipIf(inject('stackMissing'))`. */
    stackMissing: string | undefined;
  }
}
