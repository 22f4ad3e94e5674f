// Who runs a command, for the audit trail.
import { userInfo } from 'node:os';
import type { Agent } from '../domain/facts.ts';

/** The operator, by the name of their account on this machine; of who became root by sudo, their own. */
export function operator(env: NodeJS.ProcessEnv = process.env): Agent {
  return { operator: env['SUDO_USER'] ?? accountName() };
}

/** An account without a name, as containers may have, goes by its number. */
function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
