// Opens every connection to PostgreSQL, so that none waits without end for a host that is gone without a word.
//
// A host that loses its power, or a network that swallows packets, ends no connection: TCP would try for a quarter of an hour.
import pg, { type ClientConfig, type Pool } from 'pg';
import { prepareStatements } from './prepared-statements.ts';

/** How long is waited, in milliseconds. */
export interface Waits {
  /** For a connection. */
  readonly connectMs: number;
  /** For the answer to a statement of the pool; longer than PostgreSQL itself lets one take. */
  readonly answerMs: number;
  /** For the answer to a statement of a session, all of which are short. */
  readonly sessionAnswerMs: number;
}

const STATEMENT_TIMEOUT_MS = 30_000;
const WAITS: Waits = {
  connectMs: 10_000,
  answerMs: STATEMENT_TIMEOUT_MS + 10_000,
  sessionAnswerMs: 20_000,
};
/** After so much silence the operating system asks whether the other side is there. */
const SILENCE_MS = 10_000;

/**
 * A connection that was not used for so long is closed. Many jobs pass once a minute, all at the same time: what they use is not to be
 * opened anew each time, with all statements to be prepared again.
 */
const UNUSED_MS = 150_000;

/**
 * So does PostgreSQL, which otherwise keeps the locks of a process whose host is gone for two hours.
 * https://www.postgresql.org/docs/current/runtime-config-connection.html#RUNTIME-CONFIG-TCP-SETTINGS
 */
const SERVER_SETTINGS = {
  tcp_keepalives_idle: '10',
  tcp_keepalives_interval: '5',
  tcp_keepalives_count: '3',
  tcp_user_timeout: '30000',
} as const;

/** PostgreSQL's just-in-time compiler costs hundreds of milliseconds for a first statement. */
const POOL_SETTINGS = {
  jit: 'off',
  statement_timeout: String(STATEMENT_TIMEOUT_MS),
  idle_in_transaction_session_timeout: '60000',
  ...SERVER_SETTINGS,
};

/** The connections of a process to one database. */
export interface Connections {
  readonly pool: Pool;
  /** Opens a session that keeps its server, for locks and notifications. The caller ends it. */
  readonly connectSession: () => Promise<pg.Client>;
  /** Breaks all connections at once, whatever is under way: they lead to a host that may be gone. New ones are made as needed. */
  readonly renew: () => void;
}

/**
 * Creates the connections; opens none yet.
 * @param url PostgreSQL connection URL
 * @param poolSize connections in the pool at most
 */
export function createConnections(url: string, poolSize: number, waits = WAITS): Connections {
  const open = new Set<pg.Client>();
  const keep = (client: pg.Client): void => {
    open.add(client);
    client.on('end', () => open.delete(client));
  };
  const pool = new pg.Pool({
    ...configOf(url, waits),
    ...{ max: poolSize, query_timeout: waits.answerMs, idleTimeoutMillis: UNUSED_MS },
    options: Object.entries(POOL_SETTINGS)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' '),
  });
  pool.on('connect', (client) => {
    keep(client);
    prepareStatements(client);
  });
  return {
    pool,
    connectSession: async () => {
      const client = await connect(url, { query_timeout: waits.sessionAnswerMs }, waits);
      keep(client);
      prepareStatements(client);
      return client;
    },
    renew: () => {
      for (const client of open) client.connection.stream.destroy();
    },
  };
}

/**
 * The daemon's pool.
 * @param url PostgreSQL connection URL
 * @param max connections at most
 */
export function createPool(url: string, max: number): Pool {
  return createConnections(url, max).pool;
}

/** Opens a connection for statements that may take long, such as migrations. The caller ends it. */
export function connectForLong(url: string): Promise<pg.Client> {
  return connect(url, {}, WAITS);
}

async function connect(url: string, config: ClientConfig, waits: Waits): Promise<pg.Client> {
  const client = new pg.Client({ ...configOf(url, waits), ...config });
  await client.connect();
  try {
    // A pooler in session mode may refuse them as options of the connection.
    const settings = Object.entries(SERVER_SETTINGS).map(([name, value]) => `set ${name} = ${value}`);
    await client.query(settings.join('; '));
    return client;
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
}

function configOf(url: string, { connectMs }: Waits): ClientConfig {
  return {
    connectionString: url,
    application_name: 'fhir-matrix-bridge',
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: SILENCE_MS,
  };
}
